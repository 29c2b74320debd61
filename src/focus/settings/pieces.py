"""Pieces that are a file each: their folder is the registry. Settings know them by their files, and import none."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def pieces(folder: Traversable) -> list[str]:
    """Return the names of a folder's pieces: `face_alignment.py` is "face-alignment"."""
    files = (file.name for file in folder.iterdir())
    return sorted(name[:-3].replace("_", "-") for name in files if name.endswith(".py") and name != "__init__.py")


def module(name: str) -> str:
    """Return the module's name of a piece."""
    return name.replace("-", "_")


def one_of(names: Iterable[str], what: str) -> tuple[AfterValidator, WithJsonSchema]:
    """Return what lets names pass, here and in workflow/schemas; `what` says of what they are."""
    known = list(dict.fromkeys(names))

    def is_known(name: str) -> str:
        if name not in known:
            raise PydanticCustomError("unknown_name", f"no such {what}, expected one of {', '.join(known)}")
        return name

    return AfterValidator(is_known), WithJsonSchema({"type": "string", "enum": known})


DETECTORS = pieces(resources.files("focus") / "landmarks/detectors")
ENCODERS = pieces(resources.files("focus") / "networks/encoders")
FACE_MODELS = pieces(resources.files("focus") / "face_model/kinds")
