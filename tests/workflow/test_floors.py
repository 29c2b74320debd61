"""The floors of docs/architecture.md: a file imports from its own folder and from floors below."""

import ast
import re

import pytest

from projects import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
SOURCE = ROOT / "src/focus"


def floors() -> dict[str, int]:
    """Return folder or loose module -> its floor as the page has it, 0 at the top; brackets are inside one."""
    text = re.search(r"The folders, from the top:\n(.*?)\. Below `stages`", PAGE, re.DOTALL)[1]
    text = re.sub(r"\([^()]*\)", "", text)
    return {
        name: depth for depth, floor in enumerate(re.split(r"\s>\s", text)) for name in re.findall(r"`(\w+)`", floor)
    }


def imported(path) -> set[str]:
    """Return the parts of the package that a file imports, wherever in it; what only types need does not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    skipped = {id(child) for node in typing for child in ast.walk(node)}
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in skipped:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("focus.")}


def test_the_page_names_every_folder():
    """A new folder would stand on no floor."""
    here = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert here - {"__init__"} == set(floors())


@pytest.mark.parametrize("part", sorted(floors()))
def test_imports_point_down(part):
    """Two folders would need each other, and neither could be read or changed alone."""
    depth = floors()
    files = [SOURCE / f"{part}.py"] if (SOURCE / f"{part}.py").is_file() else sorted((SOURCE / part).rglob("*.py"))
    for path in files:
        upward = {name for name in imported(path) - {part} if depth.get(name, -1) <= depth[part]}
        assert upward == set(), path
