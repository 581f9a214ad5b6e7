"""Templates: values are escaped, missing ones are errors, and numbers are written for people."""

import base64
import math

import jinja2
import pytest

from deepfake.pages import render as module
from deepfake.pages.render import (
    as_json,
    clock,
    commas,
    decimal,
    image_uri,
    megabytes,
    p_value,
    percent,
    plural,
    render,
    signed,
)

EVIL = '<script>alert("x")</script>'


@pytest.fixture
def show(tmp_path, monkeypatch):
    """Render a template given as text."""
    monkeypatch.setattr(module, "TEMPLATES", tmp_path)
    module._environment.cache_clear()

    def run(text: str, **values: object) -> str:
        (tmp_path / "page.html.j2").write_text(text, encoding="utf-8")
        return render("page.html.j2", **values)

    yield run
    module._environment.cache_clear()


def test_values_are_escaped_also_inside_macros_and_attributes(show):
    macro = '{% macro cell(text) %}<td title="{{ text }}">{{ text }}</td>{% endmacro %}'
    html = show(macro + "{{ name }}{{ cell(name) }}{{ [name, name]|join(', ') }}", name=EVIL)
    assert "<script" not in html and html.count("&lt;script&gt;") == 5
    assert '<td title="' in html


def escape(character):
    return character.encode("unicode_escape").decode()


@pytest.mark.parametrize("text", ["\u202egpj.exe", "a\x00b", "a\nb", "\udcff", "\u200bx\u2066"])
def test_characters_that_cannot_be_seen_are_shown_as_escapes(show, text):
    assert show("{{ name }}", name=text) == "".join(c if c.isprintable() else escape(c) for c in text)
    assert show("{{ name }}", name="\ue000") == "\ufffd"


def test_a_missing_value_is_an_error_and_none_is_a_dash(show):
    with pytest.raises(jinja2.UndefinedError):
        show("{{ nothing }}")
    assert show("{{ nothing }}", nothing=None) == "–"


@pytest.mark.parametrize(
    "found, text",
    [
        (commas(1234567), "1,234,567"),
        (commas(None), "–"),
        (decimal(0.12345), "0.123"),
        (decimal(1234.5, 1), "1,234.5"),
        (decimal(None), "–"),
        (decimal(math.nan), "–"),
        (signed(0.0126), "+0.013"),
        (signed(-0.5, 1), "−0.5"),
        (signed(None), "–"),
        (p_value(0.0126), "0.013"),
        (p_value(1e-9), "< 0.001"),
        (percent(0.2567), "25.7%"),
        (percent(0.2567, 0), "26%"),
        (percent(None), "–"),
        (megabytes(1_234_567_890), "1,234.6 MB"),
        (plural(1, "person", "people"), "1 person"),
        (plural(1200, "person", "people"), "1,200 people"),
        (plural(0, "video"), "0 videos"),
        (as_json({"b": "ü", "a": 1}), '{\n  "a": 1,\n  "b": "ü"\n}'),
    ],
)
def test_numbers_and_data_as_text(found, text):
    assert found == text


@pytest.mark.parametrize(
    "seconds, text",
    [
        (math.nan, ""),
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1:00.0"),
        (67.4, "1:07.4"),
        (3667.4, "1:01:07.4"),
    ],
    ids=["unknown", "start", "below", "carried", "minute", "hour"],
)
def test_times_are_written_as_on_a_player(seconds, text):
    assert clock(seconds) == text


def test_an_image_becomes_part_of_the_page(tmp_path):
    (tmp_path / "a.png").write_bytes(b"png")
    encoded = base64.b64encode(b"png").decode()
    assert image_uri(tmp_path / "a.png") == image_uri(b"png", ".png") == f"data:image/png;base64,{encoded}"


def test_every_template_compiles_and_no_page_asks_for_anything_elsewhere():
    environment = module._environment()
    for name in environment.list_templates():
        source = environment.loader.get_source(environment, name)[0]
        environment.get_template(name)
        assert [
            text for text in ("<script", "<link", "://", "url(", "@import", "|safe") if text in source
        ] == []
