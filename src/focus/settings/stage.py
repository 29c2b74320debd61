"""What a stage reads, as a class: its fields are the profile's sections and the keys of params.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from focus.settings.profile import Compute


class Key(NamedTuple):
    """Which key of params.yaml a field holds where that is not its name: `Annotated[int, Key("seeds.data")]`.

    {name} in it stands for what the stage is started with: `variants.{name}` of train/FOCUS is `variants.FOCUS`.
    """

    path: str


@dataclass(frozen=True, kw_only=True)
class StageSettings:
    """What every stage reads. A field is called like a section of the profile, or holds a key of params.yaml."""

    compute: Compute
