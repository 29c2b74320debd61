"""params.yaml and the profile it names, before Snakemake plans anything.

First as every stage loads them, then, read as DVC reads them, against workflow/schemas, which `focus schemas` writes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from ruamel.yaml import YAML, YAMLError

from focus.errors import FocusError
from focus.settings import StageSettings, load

SCHEMAS = Path(__file__).with_name("schemas")


def check_settings(root: Path = Path()) -> None:
    """Exit with one line that names the file, the key and what is wrong; return when both files are right."""
    try:
        load(StageSettings, root=root)  # what no schema says: that a name is one of the variants
    except FocusError as error:
        sys.exit(str(error))
    params = _check(root / "params.yaml", "params")
    _check(root / "profiles" / f"{params['profile']}.yaml", "profile")


def _check(path: Path, kind: str) -> Any:
    try:
        content = YAML(typ="safe").load(path)  # YAML 1.2, as DVC reads it
    except FileNotFoundError:
        sys.exit(f"{path}: no such file; expected a YAML file with settings")
    except (ValueError, YAMLError) as error:
        sys.exit(f"{path}: not valid YAML: {' '.join(str(error).split())}")
    schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
    wrong = best_match(Draft202012Validator(schema).iter_errors(content))
    if wrong is not None:
        key = ".".join(map(str, wrong.absolute_path)) or "(top level)"
        sys.exit(f"{path}: {key}: {' '.join(wrong.message.split())[-200:]}")
    return content
