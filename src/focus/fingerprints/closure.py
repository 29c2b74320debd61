"""What a stage's module can run: the definitions that it reaches by name, through however many modules.

Finer than whole modules, so that an edit reruns what can run it. The steps from a name to its definition are those of
Python's own lookup, taken generously: a name that is local here and imported there counts as both.

- A function, class or assigned name counts when something that counts names it. Of a class all methods count.
- Statements that define nothing (`TABLE["x"] = 1`, a bare call, `try`) count as soon as their module is imported, and
  so do definitions under a decorator of the project's own, which may register them.
- A module that is passed around as a value, or imported by `import_module("name")`, counts whole; of
  `import_module(f"package.{piece}")` every module of the package does.
- A field of a settings class counts where the stage's code uses its name, as an attribute or as text. So a new field
  concerns nobody until it is read. (Code that goes through all fields without a name sees values from YAML, which
  dvc.yaml tracks; the default of a field that it alone reads is not noticed.)
- What `resources.files("package") / "name"` reads counts by its content.

Not noticed: what a call that is assigned to a name does besides its value, `__subclasses__`, and the versions of the
packages from outside (requirements.lock pins them).
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from focus.errors import FocusError
from focus.fingerprints.syntax import Module, read_module

SETTINGS = "focus.settings"
OUTSIDE = "focus.fingerprints"  # checks the code and makes no result
MADE = ("focus/models",)  # a copy of a run's own result, which ships with the package: no stage reads it
_RESOURCES = ("files", "resources.files", "importlib.resources.files")
_ROUNDS = 3


class Node(NamedTuple):
    """A part of the code: kind is definition, field, effects, main, whole, external or data."""

    kind: str
    module: str
    name: str = ""


class Source:
    """All modules of a source folder, read when asked for, and the parts that each part names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._modules: dict[str, Module | None] = {}
        self._edges: dict[Node, list[tuple[str, Node]]] = {}
        self._named_words: dict[Node, set[str]] = {}
        self._hashes: dict[tuple[Node, int], str] = {}

    def file(self, name: str) -> Path | None:
        """Return the file of a dotted module name, or None when there is none."""
        base = self.folder / Path(*name.split("."))
        return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)

    def module(self, name: str) -> Module | None:
        """Return a module of the project; None for a module from outside and for what is no module."""
        if name not in self._modules:
            file = self.file(name) if self._is_own(name) else None
            package = name if file is not None and file.name == "__init__.py" else name.rpartition(".")[0]
            text = None if file is None else file.read_text(encoding="utf-8")
            self._modules[name] = None if text is None else read_module(text, str(file), package)
        return self._modules[name]

    def own_module(self, name: str) -> Module:
        """Return a module of the project. Raises FocusError where there is none."""
        found = self.module(name)
        if found is None:
            raise FocusError(f"{self.folder}: found no module {name}, expected one of the project")
        return found

    @cached_property
    def _packages(self) -> set[str]:
        return {path.stem for path in self.folder.iterdir()}

    def _is_own(self, name: str) -> bool:
        return name.split(".")[0] in self._packages and not f"{name}.".startswith(f"{OUTSIDE}.")

    def find(self, name: str) -> Node:
        """Return the part that a dotted name stands for."""
        if not self._is_own(name):
            return Node("external", name)
        if self.module(name) is not None:
            return Node("whole", name)
        parent, _, leaf = name.rpartition(".")
        if self.module(parent) is None:
            raise FocusError(f"{self.folder}: found an import of {name}, expected a module or a name in one")
        found = self.named(parent, leaf) or ([] if leaf.startswith("__") else self.named(parent, "__getattr__"))
        return found[0] if found else Node("effects", parent)

    def named(self, module: str, name: str) -> list[Node]:
        """Return what a name in a module may stand for, an import followed to where the thing is defined."""
        here = self.own_module(module)
        own = [Node("definition", module, name)] if name in here.definitions else []
        return own + [self.find(target) for target in sorted(here.imports.get(name, ()))]

    def statements(self, node: Node) -> list[ast.AST]:
        """Return the syntax of a part."""
        if node.kind in ("external", "data", "whole"):
            return []
        module = self.own_module(node.module)
        if node.kind == "definition":
            return module.definitions[node.name]
        if node.kind == "field":
            owner, _, name = node.name.partition(".")
            return [field for found, field in fields(module.definitions[owner]) if found == name]
        return module.main if node.kind == "main" else module.effects

    def edges(self, node: Node) -> list[tuple[str, Node]]:
        """Return the parts that a part names or runs, each with the name that it has there."""
        if node not in self._edges:
            self._edges[node] = list(dict.fromkeys(self._find_edges(node)))
        return self._edges[node]

    def _find_edges(self, node: Node) -> Iterator[tuple[str, Node]]:
        if node.kind in ("external", "data"):
            return
        module = self.own_module(node.module)
        if node.kind == "whole":
            yield from (("", Node("definition", node.module, name)) for name in module.definitions)
        if node.kind == "effects":
            yield from self._loaded(node.module)
        else:
            yield "", Node("effects", node.module)
        for statement in self._own_statements(node):
            yield from self._references(node.module, statement)
        for statement in self.statements(node):
            yield from self._imported(module.loads.get(statement, set()))

    def _own_statements(self, node: Node) -> list[ast.AST]:
        """Return the syntax of a part, the fields of a settings class set aside."""
        found = self.statements(node)
        if node.kind == "definition" and is_settings(node.module):
            return [part for statement in found for part in _without_fields(statement)]
        return found

    def _loaded(self, name: str) -> Iterator[tuple[str, Node]]:
        """Yield what importing a module runs: its packages' and its imports' effects, and what it may register."""
        module = self.own_module(name)
        yield from self._imported({*module.loads.get(None, set()), name.rpartition(".")[0]})
        for defined, statements in module.definitions.items():
            for decorator in (each for part in statements for each in getattr(part, "decorator_list", [])):
                if any(found.kind != "external" for _, found in self._references(name, decorator)):
                    yield "", Node("definition", name, defined)

    def _imported(self, names: set[str]) -> Iterator[tuple[str, Node]]:
        """Yield what importing the modules among dotted names runs."""
        yield from (("", Node("effects", name)) for name in sorted(names) if name and self.module(name) is not None)

    def _references(self, module: str, node: ast.AST) -> Iterator[tuple[str, Node]]:
        """Yield what the names in a piece of syntax stand for."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _text(node.right) and _package(node.left):
            yield "", Node("data", _package(node.left), _text(node.right))
            return
        if isinstance(node, ast.Call):
            yield from self._loads_by_call(module, node)
        if isinstance(node, ast.Name) and node.id == "__file__":
            raise FocusError(f"{self.file(module)}: found __file__, expected resources.files, whose data are tracked")
        names = chain(node)
        if names is None:
            for child in ast.iter_child_nodes(node):
                yield from self._references(module, child)
            return
        for found in self.named(module, names[0]):
            yield names[0], self._along(found, names[1:])

    def _along(self, found: Node, attributes: list[str]) -> Node:
        """Return what attributes of a module lead to: `build.packed` is a function, `build` alone the whole module."""
        for attribute in attributes:
            if found.kind != "whole":
                break
            found = self.find(f"{found.module}.{attribute}")
        return found

    def _loads_by_call(self, module: str, call: ast.Call) -> Iterator[tuple[str, Node]]:
        called = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if called == "import_module":
            names = self._named_modules(call.args[0]) if call.args else []
            if not names:
                raise FocusError(f"{self.file(module)}: found import_module of a computed name, expected a literal one")
            yield from ((name, self.find(name)) for name in names)
        elif ast.unparse(call.func) in _RESOURCES:
            if not _package(call):
                raise FocusError(
                    f"{self.file(module)}: found resources.files of a computed name, expected a literal one"
                )
            yield "", Node("data", _package(call))

    def _named_modules(self, argument: ast.AST) -> list[str]:
        """Return the modules that `import_module` may load: a literal one, or of f"package.{piece}" the package's."""
        if not isinstance(argument, ast.JoinedStr):
            return [_text(argument)] if _text(argument) else []
        package = _text(argument.values[0])
        files = self.folder.joinpath(*package.split(".")).glob("*.py") if package.endswith(".") else ()
        return sorted(package + file.stem for file in files if file.stem != "__init__")

    def digest(self, node: Node, rounds: int = _ROUNDS) -> str:
        """Return a part's hash: its own syntax and, to a depth of `rounds`, the hashes of what its names stand for.

        So a name that an edited import line binds to another function changes the hash, and the name or place of a
        module does not (colour refinement of a graph, Weisfeiler and Leman 1968).
        """
        key = node, rounds
        if key not in self._hashes:
            if rounds:
                parts = [self.digest(node, rounds - 1)]
                parts += sorted(f"{name} {self.digest(found, rounds - 1)}" for name, found in self.edges(node) if name)
            elif node.kind == "data":
                parts = list(self._data(self.folder / Path(*node.module.split("."), node.name)))
            elif node.kind == "external":
                parts = [node.module]
            else:
                owner = node.name if node.kind == "field" else ""
                parts = [node.kind, owner, *(ast.dump(each) for each in self._own_statements(node))]
            self._hashes[key] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return self._hashes[key]

    def _data(self, place: Path) -> Iterator[str]:
        """Yield the hash, and the path below `place`, of a file, or of each file of a folder that is no Python."""
        if any(place.is_relative_to(self.folder / made) for made in MADE):
            return
        if not place.exists():
            raise FocusError(f"{place}: no such file, expected data that the code reads")
        for file in [place, *sorted(place.rglob("*"))]:
            if file.is_file() and file.suffix not in (".py", ".pyc", ".tmp"):
                yield f"{file.relative_to(place).as_posix()} {hashlib.sha256(file.read_bytes()).hexdigest()}"

    def fingerprint(self, module: str) -> str:
        """Return a hash over all that starting a module can run."""
        counted = (node for node in self.closure(module) if node.kind != "effects" or self.statements(node))
        parts = sorted(self.digest(node) for node in counted)  # what stands twice counts twice
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def closure(self, module: str) -> set[Node]:
        """Return the parts that starting a module (`python -m module`) can run. Raises FocusError as Module does."""
        found: set[Node] = set()
        waiting, words = [Node("main", module), Node("effects", module)], set()
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                words |= self._words(node)
                waiting.extend(target for _, target in self.edges(node))
            if not waiting:
                waiting = [field for field in self._fields(found, words) if field not in found]
        return found

    def _words(self, node: Node) -> set[str]:
        if node not in self._named_words:
            statements = self._own_statements(node)
            self._named_words[node] = {word for statement in statements for word in _words(statement)}
        return self._named_words[node]

    def _fields(self, found: set[Node], words: set[str]) -> Iterator[Node]:
        """Yield the fields, among `words`, of the settings classes that were found."""
        for node in [each for each in found if each.kind == "definition" and is_settings(each.module)]:
            for name, _ in fields(self.statements(node)):
                if name in words:
                    yield Node("field", node.module, f"{node.name}.{name}")


def is_settings(module: str) -> bool:
    """Tell whether the classes of a module are settings."""
    return f"{module}.".startswith(f"{SETTINGS}.")


def fields(statements: list[ast.AST]) -> list[tuple[str, ast.AnnAssign]]:
    """Return the fields of a class with their names."""
    classes = [each for each in statements if isinstance(each, ast.ClassDef)]
    found = [each for kind in classes for each in kind.body if isinstance(each, ast.AnnAssign)]
    return [(each.target.id, each) for each in found if isinstance(each.target, ast.Name)]


def _without_fields(statement: ast.AST) -> list[ast.AST]:
    if not isinstance(statement, ast.ClassDef):
        return [statement]
    rest = [each for each in statement.body if not isinstance(each, ast.AnnAssign)]
    head = ast.ClassDef(statement.name, statement.bases, statement.keywords, [], statement.decorator_list)
    return [head, *rest]


def chain(node: ast.AST) -> list[str] | None:
    """Return a.b.c as its parts; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else None


def _text(node: ast.AST) -> str:
    """Return a literal text; "" for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _package(node: ast.AST) -> str:
    """Return the package of `resources.files("package")`; "" for anything else."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in _RESOURCES and node.args:
        return _text(node.args[0])
    return ""


def _words(statement: ast.AST) -> Iterator[str]:
    """Yield every name by which a piece of syntax may ask for a field."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif _text(node):
            yield from _text(node).split(".")
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.MatchClass):
            yield from node.kwd_attrs
