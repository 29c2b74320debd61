"""Reading and checking both files; a stage gets its own sections and keys, and no others."""

from __future__ import annotations

import reprlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from focus.errors import FocusError
from focus.settings.base import Section
from focus.settings.params import Params
from focus.settings.profile import Profile

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it: ten times as quick
_DEPTH = 50  # of brackets; the C loader is not safe against thousands


def read_yaml(path: Path) -> Any:
    """Read a YAML file safely. Raises FocusError when it is missing, not YAML, or nested without end."""
    try:
        text, depth = path.read_text(encoding="utf-8"), 0
        for event in yaml.parse(text, _LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH:
                raise FocusError(f"{path}: found more than {_DEPTH} nested brackets, expected settings")
        return yaml.load(text, _LOADER)
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected a YAML file with settings") from None
    except (ValueError, yaml.YAMLError) as error:  # ValueError: no UTF-8, or a date that does not exist
        raise FocusError(f"{path}: not valid YAML: {' '.join(str(error).split())[:300]}") from None
    except (TypeError, OSError) as error:  # a list or mapping as a key; a folder
        raise FocusError(f"{path}: cannot be read as settings ({error})") from None


def validate(path: Path, kind: type[BaseModel]) -> Any:
    """Return `path` as an instance of `kind`. Raises FocusError that names the first wrong key."""
    content = read_yaml(path)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "value_error":  # a check of ours, which names its key itself
            raise FocusError(f"{path}: {first['ctx']['error']}") from None
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        found = "" if first["type"] == "missing" else f", found {reprlib.repr(first['input']):.60}"
        raise FocusError(f"{path}: {key}: {first['msg']}{found}") from None


def read_params(root: Path = Path()) -> Params:
    """Return the validated params.yaml of a project folder."""
    return validate(root / "params.yaml", Params)


def read_profile(name: str, root: Path = Path()) -> Profile:
    """Return a validated profile."""
    return validate(root / "profiles" / f"{name}.yaml", Profile)


def load(sections: tuple[str, ...], params: tuple[str, ...] = (), root: Path = Path()) -> SimpleNamespace:
    """Return only the named profile sections and params.yaml keys, after validating both files whole.

    `params` may be dotted: of "variants.FOCUS" `settings.variants` is a dict with that one entry, of "seeds.data"
    `settings.seeds` has that one attribute. Raises FocusError on any wrong key, or when licensed assets meet
    `remote: shared`.
    """
    everything = read_params(root)
    profile = read_profile(everything.profile, root)
    if everything.remote != "private" and any(path is not None for path in dict(profile.assets).values()):
        raise FocusError("params.yaml: remote: found shared, expected private, as the profile names licensed assets")
    chosen: dict[str, Any] = {name: getattr(profile, name) for name in sections}
    for key in params:
        head, _, entry = key.partition(".")
        value = getattr(everything, head)
        if isinstance(value, Section) and entry:
            vars(chosen.setdefault(head, SimpleNamespace()))[entry] = getattr(value, entry)
        elif entry:
            if entry not in value:
                raise FocusError(f"params.yaml: {head}: found no entry {entry!r}, expected one of {', '.join(value)}")
            chosen.setdefault(head, {})[entry] = value[entry]
        else:
            chosen[head] = value
    return SimpleNamespace(**chosen)


def json_schemas() -> dict[str, dict]:
    """Return the JSON schemas of params.yaml and of a profile."""
    return {"params": TypeAdapter(Params).json_schema(), "profile": TypeAdapter(Profile).json_schema()}
