"""Compare each stage's code dependencies in dvc.yaml with its import closure, or write them (`--write`).

A stage's src/ dependencies are exactly the files that its module imports, directly or not, and the folders of data that
these read as resources, so that an edit reruns what it can change and nothing else. A package all of whose files are in
the closure stands as one folder.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

SOURCE = "src"
PACKAGE = "focus"
STAGE_MODULE = re.compile(r"python -m (focus\.stages\.\w+)")


def module_file(root: Path, module: str) -> Path | None:
    """Return the file of a dotted module name (a package's __init__.py), or None when there is none in src/."""
    base = root / SOURCE / Path(*module.split("."))
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)


def module_name(root: Path, file: Path) -> str:
    """Return the dotted name of a source file."""
    parts = file.relative_to(root / SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(root: Path, file: Path) -> Iterator[str]:
    """Yield the dotted names of the project's modules that a file names in an import, wherever it stands."""
    package = module_name(root, file).split(".")
    if file.name != "__init__.py":
        package = package[:-1]
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    # A module's __getattr__ runs for those who ask for its lazy names; a stage imports a thing from where it is.
    tree.body = [node for node in tree.body if getattr(node, "name", "") != "__getattr__"]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "import_module":
            if not isinstance(node.args[0], ast.Constant):
                sys.exit(f"{file}: found import_module of a computed name, expected a literal one")
            yield node.args[0].value


def closure(root: Path, module: str) -> set[Path]:
    """Return the files that importing `module` may run: its own, all parent packages' and so on."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name.split(".")[0] != PACKAGE:
            continue
        parent, _, _ = name.rpartition(".")
        if parent:
            waiting.append(parent)
        file = module_file(root, name)
        if file is not None and file not in found:
            found.add(file)
            waiting.extend(imported(root, file))
    return found


def data_read(file: Path) -> Iterator[Path]:
    """Yield what a file reads beside the code, `resources.files("focus.report") / "paper"`, as a path below src/."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.BinOp) and ast.unparse(node.left).startswith("resources.files("):
            match node:
                case ast.BinOp(ast.Call(args=[ast.Constant(str(package))]), ast.Div(), ast.Constant(str(name))):
                    yield Path(*package.split("."), name)


def folded(root: Path, files: set[Path]) -> list[str]:
    """Return paths relative to the root, in order, with a package that is wholly in `files` as one folder."""
    paths: set[Path] = set()
    for file in files:
        packages = [folder for folder in file.parents if folder.is_relative_to(root / SOURCE / PACKAGE)]
        whole = [folder for folder in packages if _python_files(folder) <= files and len(_python_files(folder)) > 1]
        paths.add(whole[-1] if whole else file)
    data = {root / SOURCE / place for file in files for place in data_read(file)}
    paths |= {place for place in data if not paths & {*place.parents}}
    return sorted(path.relative_to(root).as_posix() for path in paths)


def _python_files(folder: Path) -> set[Path]:
    return set(folder.rglob("*.py"))


def code_deps(root: Path, stage: dict[str, Any]) -> list[str]:
    """Return what the src/ dependencies of one entry of dvc.yaml must be. Exits when there is no such module."""
    body = stage.get("do", stage)
    match = STAGE_MODULE.search(str(body["cmd"]))
    if match is None or module_file(root, match[1]) is None:
        sys.exit(
            f"dvc.yaml: found cmd {str(body['cmd'])!r}, expected `python -m focus.stages.NAME` with that file in src/"
        )
    return folded(root, closure(root, match[1]))


def compare(root: Path) -> tuple[str, dict[str, str]]:
    """Return dvc.yaml's text with its code dependencies put right, and for each stage that was wrong, in what."""
    text = (root / "dvc.yaml").read_text(encoding="utf-8")
    lines, wrong = text.splitlines(keepends=True), {}
    # From the last stage to the first, so that the line numbers of those still to come stay true.
    for name, stage in reversed(list(YAML().load(text)["stages"].items())):
        body = stage.get("do", stage)
        wanted = code_deps(root, stage)
        found = [str(dep) for dep in body.get("deps") or [] if str(dep).startswith(f"{SOURCE}/")]
        if sorted(found) != wanted:
            missing, needless = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
            wrong[name] = f"missing {', '.join(missing) or 'nothing'}; needless {', '.join(needless) or 'nothing'}"
            _rewrite(lines, body, wanted)
    return "".join(lines), dict(reversed(wrong.items()))


def _rewrite(lines: list[str], body: Any, wanted: list[str]) -> None:
    """Replace the deps list of one stage in the lines of dvc.yaml: its data first, then its code."""
    deps = body.get("deps")
    if deps is None:
        (first, column), data = body.lc.key("cmd"), []
        first = end = first + 1
    else:
        first, column = body.lc.key("deps")
        end = max([first, *(deps.lc.item(index)[0] for index in range(len(deps)))]) + 1
        data = [str(dep) for dep in deps if not str(dep).startswith(f"{SOURCE}/")]
    entries = [f"{' ' * (column + 2)}- {dep}\n" for dep in [*data, *wanted]]
    lines[first:end] = [f"{' ' * column}deps:\n", *entries]


def main() -> None:
    """Print the stages whose code dependencies are wrong and exit with 1, or write dvc.yaml anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put dvc.yaml right, leaving all else in it as it is")
    write = parser.parse_args().write
    root = Path(__file__).resolve().parent.parent
    text, wrong = compare(root)
    if wrong and write:
        (root / "dvc.yaml").write_text(text, encoding="utf-8")
        print(f"dvc.yaml: wrote the code dependencies of {', '.join(wrong)}")
    elif wrong:
        lines = [f"dvc.yaml: {name}: {what}" for name, what in wrong.items()]
        sys.exit("\n".join([*lines, "dvc.yaml: mend with `make deps`"]))


if __name__ == "__main__":
    main()
