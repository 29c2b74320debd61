"""Reading and checking both files; a stage gets its own sections and keys, and no others."""

from __future__ import annotations

import re
import reprlib
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from focus.errors import FocusError
from focus.files import read_bytes
from focus.settings.base import PrintedSection, Section
from focus.settings.params import Params, Variant
from focus.settings.profile import Profile
from focus.settings.stage import Key, StageSettings

SettingsT = TypeVar("SettingsT", bound=BaseModel)
StageT = TypeVar("StageT", bound=StageSettings)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it: ten times as quick
_DEPTH = 50  # of brackets; the C loader is not safe against thousands
_SIZE = 100_000  # values; what an alias stands for counts each time, as ten lines of them can stand for billions
# What YAML 1.1 (PyYAML) reads as another value than YAML 1.2 (DVC): yes (true), 060 (48), 1:30 (90), 1_0 (10).
_TWO_READINGS = re.compile(r"(?i:yes|no|on|off)|[-+]?(?:0[0-9_]+|[0-9][0-9_]*(?::[0-9.]+)+|[0-9.]*_[0-9_.]*)")


def read_yaml(path: Path) -> Any:
    """Read a YAML file safely.

    Raises FocusError when it is missing, no text, not YAML, nested or repeated without end, when a mapping has a key
    twice, and at a plain value that YAML 1.1 and 1.2 read differently.
    """
    content, depth = read_bytes(path, "a YAML file with settings"), 0
    try:
        text = content.decode("utf-8-sig")  # as DVC wants it
        for event in yaml.parse(text, _LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH:
                raise FocusError(f"{path}: found more than {_DEPTH} nested brackets, expected settings")
        _check(path, yaml.compose(text, _LOADER))
        return yaml.load(text, _LOADER)
    except (ValueError, yaml.YAMLError) as error:  # ValueError: no UTF-8, or a date that does not exist
        raise FocusError(f"{path}: not valid YAML: {' '.join(str(error).split())[:300]}") from None
    except TypeError as error:  # a list or mapping as a key
        raise FocusError(f"{path}: cannot be read as settings ({error})") from None


def _check(path: Path, document: yaml.Node | None) -> None:
    """Raise FocusError at a key given twice, a value with two readings, or a document without end."""
    nodes, size = [] if document is None else [document], 0
    while nodes:
        node, size = nodes.pop(), size + 1
        where = f"{path}: line {node.start_mark.line + 1}"
        if size > _SIZE:
            raise FocusError(f"{path}: found more than {_SIZE} values, those of aliases counted, expected settings")
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
            if len({*keys}) < len(keys):
                twice = next(key for key in keys if keys.count(key) > 1)
                raise FocusError(f"{where}: found {twice!r} twice in one mapping, expected each key once")
            nodes += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif node.tag != "tag:yaml.org,2002:str" and _TWO_READINGS.fullmatch(node.value):
            raise FocusError(
                f"{where}: found {node.value}, which DVC reads differently, expected true, false or a number"
            )


def validate(path: Path, kind: type[SettingsT]) -> SettingsT:
    """Return `path` as an instance of `kind`. Raises FocusError that names the first wrong key."""
    content = read_yaml(path)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "value_error":  # a check of ours, which names its key itself
            raise FocusError(f"{path}: {first['ctx']['error']}") from None
        key = ".".join(str(part) for part in first["loc"] if part != "[key]") or "(top level)"
        found = "" if first["type"] == "missing" else f", found {reprlib.repr(first['input']):.60}"
        raise FocusError(f"{path}: {key}: {first['msg']}{found}") from None


def read_params(root: Path = Path()) -> Params:
    """Return the validated params.yaml of a project folder."""
    return validate(root / "params.yaml", Params)


def read_profile(name: str, root: Path = Path()) -> Profile:
    """Return a validated profile."""
    return validate(root / "profiles" / f"{name}.yaml", Profile)


def load(kind: type[StageT], name: str = "", root: Path = Path()) -> StageT:
    """Return what a stage reads, after validating both files whole; `name` stands for {name} in keys (see `select`).

    Raises FocusError on any wrong key, or when licensed assets meet `remote: shared`.
    """
    params = read_params(root)
    profile = read_profile(params.profile, root)
    if params.remote != "private" and any(path is not None for path in dict(profile.assets).values()):
        raise FocusError("params.yaml: remote: found shared, expected private, as the profile names licensed assets")
    return select(kind, profile, params, name)


def select(kind: type[StageT], profile: Profile, params: Params, name: str = "") -> StageT:
    """Return the settings that the fields of `kind` name. Raises FocusError where params.yaml has no such entry."""
    values = {field: _entry(params, key.format(name=name)) for field, key in keys_of(kind).items()}
    own = [value.preset for value in values.values() if isinstance(value, Variant) and value.preset is not None]
    printed = [*own, params.method.preset][0] == "paper"  # a variant's own reading, else `method.preset`
    sections = {field: getattr(profile, field) for field in sections_of(kind)}
    if printed:
        sections |= {field: each.as_printed() for field, each in sections.items() if isinstance(each, PrintedSection)}
    return kind(**sections, **values)


def sections_of(kind: type[StageSettings]) -> list[str]:
    """Return the sections of the profile that a stage's settings hold: the fields that are called like one."""
    return [field for field in _fields(kind) if field in Profile.model_fields]


def keys_of(kind: type[StageSettings]) -> dict[str, str]:
    """Return field -> key of params.yaml, as dvc.yaml writes it: the field's name, or what its `Key` says."""
    found = {field: meta for field, meta in _fields(kind).items() if field not in Profile.model_fields}
    return {field: next((each.path for each in meta if isinstance(each, Key)), field) for field, meta in found.items()}


def _fields(kind: type[StageSettings]) -> dict[str, tuple[Any, ...]]:
    """Return field -> what its annotation holds besides the type."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: getattr(hints[field.name], "__metadata__", ()) for field in fields(kind)}


def _entry(params: Params, key: str) -> Any:
    """Return the value of a key of params.yaml: `profile`, `seeds.data`, `variants.FOCUS`."""
    head, _, entry = key.partition(".")
    value = getattr(params, head)
    if not entry:
        return value
    if isinstance(value, Section):
        return getattr(value, entry)
    if entry not in value:
        raise FocusError(f"params.yaml: {head}: found no entry {entry!r}, expected one of {', '.join(value)}")
    return value[entry]


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON schemas of params.yaml and of a profile."""
    return {"params": TypeAdapter(Params).json_schema(), "profile": TypeAdapter(Profile).json_schema()}
