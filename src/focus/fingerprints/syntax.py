"""A module's source as named definitions, what importing it does besides, and its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from focus.errors import FocusError

_BLOCKS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(eq=False)
class Module:
    """What one file of Python holds, without docstrings, comments and import lines.

    definitions: functions, classes and assigned names at the top level, each with its statements.
    effects: all other statements at the top level; they run whenever the module is imported.
    main: what runs only when the module is started by itself (`if __name__ == "__main__"`).
    imports: local name -> dotted names that an import, wherever it stands, may bind to it; type-only ones are left out.
    loads: statement at the top level -> dotted names that an import in it names; None: the import lines themselves.
    """

    definitions: dict[str, list[ast.AST]] = field(default_factory=dict)
    effects: list[ast.AST] = field(default_factory=list)
    main: list[ast.AST] = field(default_factory=list)
    imports: dict[str, set[str]] = field(default_factory=dict)
    loads: dict[ast.AST | None, set[str]] = field(default_factory=dict)


def read_module(text: str, place: str, package: str) -> Module:
    """Return a module. `place` names it in errors; `package` is the dotted name that its relative imports start from.

    Raises FocusError for what is no Python, and for an import of `*`, which names nothing.
    """
    try:
        tree = ast.parse(text, filename=place)
    except SyntaxError as error:
        raise FocusError(f"{place}: line {error.lineno}: found {error.msg}, expected Python") from None
    module = Module()
    _clean(tree)
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                loads = module.loads.setdefault(None if node is statement else statement, set())
                loads |= _note_import(module, node, place, package)
    _drop_imports(tree)
    for statement in tree.body:
        _sort_in(module, statement)
    return module


def _clean(tree: ast.Module) -> None:
    """Remove docstrings, those of attributes too, and all that stands under `if TYPE_CHECKING`."""
    for node in ast.walk(tree):
        if isinstance(node, _BLOCKS):
            node.body = [statement for statement in node.body if not _is_text(statement)]
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            node.body = []


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _note_import(module: Module, node: ast.Import | ast.ImportFrom, place: str, package: str) -> set[str]:
    """Note the names that an import line binds, and return the dotted names of what it loads."""
    loads = set()
    for alias in node.names:
        if isinstance(node, ast.Import):
            name, target = (alias.asname, alias.name) if alias.asname else [alias.name.split(".")[0]] * 2
            loads.add(alias.name)
        elif alias.name == "*":
            raise FocusError(f"{place}: line {node.lineno}: found an import of *, expected the names that are used")
        else:
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            name, target = alias.asname or alias.name, f"{base}.{alias.name}"
            loads |= {base, target}
        module.imports.setdefault(name, set()).add(target)
    return loads


def _drop_imports(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(node, block, None)
            if isinstance(statements, list):
                setattr(node, block, [each for each in statements if not isinstance(each, ast.Import | ast.ImportFrom)])


def _sort_in(module: Module, statement: ast.stmt) -> None:
    if isinstance(statement, ast.If) and ast.unparse(statement.test) == "__name__ == '__main__'":
        module.main.append(statement)
        return
    names = list(_names(statement))
    if not names:
        module.effects.append(statement)
    for name in names:
        module.definitions.setdefault(name, []).append(statement)


def _names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement defines and does nothing else with."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        targets = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if len(names) == len(targets):
            yield from names
