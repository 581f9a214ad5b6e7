"""Names and cells of unknown origin: what is escaped, and that nothing is lost by it."""

import logging
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake import tables
from deepfake.console import printable, printable_lines
from deepfake.names import escape_formula, slugify, unescape_formula, visible
from deepfake.program import PrintableFormatter

FORMULAS = [
    "=1+1",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "'=1",
    "''@x",
    "-",
]
TEXTS = st.text("'=+-@\t\r\n012.eE a|\u202e\udce9", max_size=8)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_has_an_apostrophe_before_it(text):
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-0.5", "+1", "-3e-05", "-.5", "'quoted'", "a=b", "", "a", "x@y", "🎬"])
def test_numbers_and_other_text_stay(text):
    assert escape_formula(text) == text


@given(TEXTS, TEXTS)
def test_escapes_of_formulas_lose_nothing(one, other):
    assert unescape_formula(escape_formula(one)) == one
    assert (escape_formula(one) == escape_formula(other)) == (one == other)


@given(st.lists(st.fixed_dictionaries({"a": TEXTS, "b": TEXTS}), max_size=5))
def test_tables_are_read_as_they_were_written(rows):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        tables.write_rows(path, ["a", "b"], rows)
        assert tables.read_rows(path) == rows


def test_no_cell_of_a_table_is_a_formula_unless_the_table_is_prescribed(tmp_path):
    rows = [{"name": text, "score": -0.5, "number": "-0.5"} for text in FORMULAS]
    tables.write_rows(tmp_path / "x.csv", ["name", "score", "number"], rows)
    text = (tmp_path / "x.csv").read_text(encoding="utf-8")
    assert "'=1+1,-0.5,-0.5\n" in text and "'@SUM(1),-0.5" in text
    tables.write_rows(tmp_path / "y.csv", ["name"], [{"name": "-abc.jpg"}], exact=True)
    assert (tmp_path / "y.csv").read_text() == "name\n-abc.jpg\n"


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u200b\u2066\ufeff\u3164b", "a\\u200b\\u2066\\ufeff\\u3164b"),
        ("a\nb\rc", "a\\nb\\rc"),
        ("caf\udce9", "caf\\udce9"),
        ("한국어 ü 🎬", "한국어 ü 🎬"),
    ],
)
def test_invisible_characters_are_shown(text, shown):
    assert visible(text) == printable(text) == shown


@pytest.mark.parametrize("text", ["-rf", "--help", "-2+3", "=1", "\u3164", "@x"])
def test_slugs_are_neither_options_nor_formulas_nor_invisible(text):
    slug = slugify(text)
    assert slug.startswith("_") and slug != text and len(slug) > 9


def test_log_lines_hold_no_commands_for_a_terminal():
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s left out:\n\tb", ("\x1b]0;x\x07\u202ea",), None)
    assert PrintableFormatter("%(message)s").format(record) == ("\\x1b]0;x\\x07\\u202ea left out:\n        b")
    assert printable_lines("a\x1bb\nc") == "a\\x1bb\nc"
    assert printable_lines("a" * 5000) == "a" * 5000 and len(printable("a" * 5000)) == 2001
