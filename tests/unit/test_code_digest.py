"""The digest of a step's code changes with the meaning of the code, and with nothing else."""

import ast
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.code_digest import code_digest, data_files, imported_files, meaning

FILES = sorted((ROOT / "scripts").rglob("*.py"))
SOURCES = [path.read_text(encoding="utf-8") for path in FILES]
comments = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\f\x00", exclude_categories=["Cs"]), max_size=30
)


def with_other_docstrings(source: str, text: str) -> str:
    """Return `source` with every docstring replaced by `text`, in the layout of `ast.unparse`."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        kinds = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            node.body[0].value.value = text
    return ast.unparse(tree)


def statements(source: str) -> list[int]:
    """Return the numbers of the lines on which the module's statements begin: a comment fits before each."""
    return [node.lineno for node in ast.parse(source).body]


@given(st.sampled_from(SOURCES), st.data())
@settings(max_examples=60, deadline=None)
def test_comments_and_blank_lines_mean_nothing(source, data):
    lines = source.splitlines(keepends=True)
    for place in sorted(data.draw(st.sets(st.sampled_from(statements(source)), max_size=3)), reverse=True):
        lines.insert(place - 1, f"\n# {data.draw(comments)}\n")
    assert meaning("".join(lines)) == meaning(source)


@given(st.sampled_from(SOURCES), comments)
@settings(max_examples=60, deadline=None)
def test_docstrings_and_layout_mean_nothing(source, text):
    assert meaning(with_other_docstrings(source, text)) == meaning(source)


class Edit(ast.NodeTransformer):
    """Change node number `place` of the tree, if its type is one that can be changed."""

    def __init__(self, place: int):
        self.place = place

    def generic_visit(self, node):
        self.place -= 1
        if self.place == 0:
            if isinstance(node, ast.Name):
                return ast.Name(node.id + "_", node.ctx)
            if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
                return ast.Constant(node.value + 1)
            if isinstance(node, ast.Attribute):
                return ast.Attribute(node.value, node.attr + "_", node.ctx)
            if isinstance(node, ast.Compare):
                return ast.UnaryOp(ast.Not(), node)
            if isinstance(node, ast.arg):
                return ast.arg(node.arg + "_", node.annotation)
        return super().generic_visit(node)


@given(st.sampled_from(SOURCES), st.integers(1, 3000))
@settings(max_examples=200, deadline=None)
def test_every_other_edit_changes_it(source, place):
    tree = ast.parse(source)
    edited = ast.dump(Edit(place).visit(ast.parse(source)))
    changed = ast.unparse(ast.fix_missing_locations(Edit(place).visit(tree)))
    assert (meaning(changed) != meaning(source)) == (edited != ast.dump(ast.parse(source)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = None", "x = 0"),
        ("def f(): return", "def f(): return None"),
        ("f()", "f(())"),
        ("'a' 'b'; x = 'ab'", "x = 'a'"),
        ("x = 'text'", "x = b'text'"),
        ("x = 1", "x = 1.0"),
        ("x = True", "x = 1"),
        ("if a: b\nelse: c", "if a: b\nc"),
        ("a = b, c", "a = [b, c]"),
        ("{**a}", "{None: a}"),
    ],
)
def test_small_differences_of_meaning_count(one, other):
    assert meaning(one) != meaning(other)


@pytest.fixture
def scripts(tmp_path) -> Path:
    """A script that imports module one, which imports module two; module three is imported by nobody.

    The package of these modules has a template, and another package, not imported, has data of its own.
    """
    texts = {
        "step.py": '"""Do it.\n\n    python scripts/step.py\n"""\nfrom deepfake.room.one import one\none()\n',
        "deepfake/__init__.py": "",
        "deepfake/room/__init__.py": '"""A room."""\n',
        "deepfake/room/one.py": "from deepfake.room import two\n\n\ndef one():\n    return two.TWO\n",
        "deepfake/room/two.py": "TWO = 2  # two\n",
        "deepfake/room/three.py": "THREE = 3\n",
        "deepfake/room/templates/page.html.j2": "<p>{{ one }}</p>\n",
        "deepfake/room/.hidden": "",
        "deepfake/other/__init__.py": "",
        "deepfake/other/table.csv": "a,b\n",
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_step_depends_on_what_it_imports_however_far(scripts):
    names = [path.relative_to(scripts).as_posix() for path in imported_files(scripts / "step.py")]
    assert names == ["deepfake/__init__.py", "deepfake/room/__init__.py", "deepfake/room/one.py",
                     "deepfake/room/two.py", "step.py"]  # fmt: skip


def test_a_step_depends_on_the_data_files_of_the_packages_it_imports(scripts):
    names = [path.relative_to(scripts).as_posix() for path in data_files(imported_files(scripts / "step.py"))]
    assert names == ["deepfake/room/templates/page.html.j2"]


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("step.py", '"""Another help text."""\nfrom deepfake.room.one import one\none()\n', False),
        ("deepfake/room/two.py", '# The number two.\nTWO = 2\n"""How many."""\n', False),
        ("deepfake/room/two.py", "TWO = 3\n", True),
        ("deepfake/room/three.py", "THREE = 4\n", False),
        ("deepfake/room/templates/page.html.j2", "<p> {{ one }}</p>\n", True),
        ("deepfake/room/templates/style.css", "p { color: red; }\n", True),
        ("deepfake/room/__pycache__/one.cpython-311.pyc", "compiled", False),
        ("deepfake/other/table.csv", "a,b,c\n", False),
    ],
)
def test_the_digest_of_a_step(scripts, file, text, changes):
    before = code_digest(scripts / "step.py")
    (scripts / file).parent.mkdir(exist_ok=True)
    (scripts / file).write_text(text)
    moved = scripts / "elsewhere"
    shutil.copytree(scripts, moved, ignore=shutil.ignore_patterns("elsewhere"))
    assert (code_digest(moved / "step.py") != before) == changes
