"""Write docs/reference.md from the docstrings of src/focus: every module, its public classes and functions.

The sources are parsed, not imported, so that the reference is the same on every machine and needs no package.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
REFERENCE = ROOT / "docs" / "reference.md"
HEAD = """# Reference

Written from the docstrings by `python scripts/reference.py --write` (`make reference`); do not edit it. What stands
where, and why: [architecture.md](architecture.md).
"""
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield the dotted name and the parsed source of each module, packages before what is in them."""
    files = {path: path.relative_to(SOURCE).with_suffix("").parts for path in SOURCE.rglob("*.py")}
    named = {path: parts[:-1] if parts[-1] == "__init__" else parts for path, parts in files.items()}
    for path in sorted(named, key=named.__getitem__):
        yield ".".join(named[path]), ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def public(body: list[ast.stmt]) -> list[Definition]:
    """Return the definitions of a module or class whose names have no underscore in front, and which say something."""
    found = [node for node in body if isinstance(node, Definition) and not node.name.startswith("_")]
    return [node for node in found if ast.get_docstring(node)]


def signature(node: Definition) -> str:
    """Return `name(arguments) -> result` of a function, or `class Name(bases)`."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){result}"


def text_of(node: ast.AST) -> list[str]:
    """Return a docstring's lines; what follows the first stands as it is where some of it is indented."""
    first, *rest = inspect.cleandoc(ast.get_docstring(node) or "").split("\n")
    if any(line.startswith(" ") for line in rest):
        return [_plain(first), "", "```text", *rest[rest[0] == "" :], "```"]
    return [_plain(line) for line in (first, *rest)]


def _plain(line: str) -> str:
    """Return a line in which Markdown sees no HTML."""
    return line.replace("<", "\\<")


def reference() -> str:
    """Return docs/reference.md as it must be."""
    lines = HEAD.split("\n")
    for name, module in modules():
        definitions = public(module.body)
        if not definitions and "." in name and not ast.get_docstring(module):
            continue
        lines += [f"## `{name}`", "", *text_of(module), ""]
        for node in definitions:
            lines += [f"### `{signature(node)}`", "", *text_of(node), ""]
            for method in public(node.body) if isinstance(node, ast.ClassDef) else []:
                lines += [f"#### `{node.name}.{signature(method)}`", "", *text_of(method), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def main() -> None:
    """Exit with 1 and one line when docs/reference.md is not up to date, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write docs/reference.md anew")
    if parser.parse_args().write:
        REFERENCE.write_text(reference(), encoding="utf-8")
    elif not REFERENCE.is_file() or REFERENCE.read_text(encoding="utf-8") != reference():
        sys.exit(
            "docs/reference.md: found other docstrings than those of src/, expected the same; write it with --write"
        )


if __name__ == "__main__":
    main()
