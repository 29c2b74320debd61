"""What every group of settings shares: its strictness, and the kinds of numbers and names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError


def _is_number(value: object) -> object:
    if isinstance(value, bool):  # which Python counts among its integers
        raise PydanticCustomError("truth", "Input should be a number")
    return value


def _is_named(value: object) -> object:
    if value == "":  # which is the folder where one stands
        raise PydanticCustomError("empty_path", "Input should be a path, or null for none")
    return value


NUMBER = BeforeValidator(_is_number)
Given = Annotated[Path, BeforeValidator(_is_named)]
Count = Annotated[int, Field(ge=0), NUMBER]
Positive = Annotated[int, Field(ge=1), NUMBER]
Several = Annotated[int, Field(ge=2), NUMBER]  # images of a batch: batch norm has no variance of a single one
# Channels before a strided 1x1 convolution: with fewer than eight, oneDNN's AVX2 kernel of its backward pass writes
# past its memory (oneDNN issue 6035; torch 2.13).
Channels = Annotated[int, Field(ge=8), NUMBER]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False), NUMBER]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False), NUMBER]
Share = Annotated[float, Field(ge=0, le=1), NUMBER]
Level = Annotated[int, Field(ge=0, le=2), NUMBER]  # of subdivision
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]
MethodName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+-]*$")]  # DVC reads a dot in a key as a level


class Section(BaseModel):
    """A group of settings; an unknown key is an error.

    No key may be called `size` or `nfiles`: DVC's run-cache leaves those names out of its hash, parameters included,
    and would answer a changed value with the old result. A test holds this.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class PrintedSection(Section):
    """A group of settings that the paper prints with other values than the authors' release has."""

    printed: dict[str, Any] = Field({}, description="what `method.preset: paper` changes in this group")

    @model_validator(mode="after")
    def _printed_are_settings(self) -> Self:
        if self.printed:
            self.as_printed()
        return self

    def as_printed(self) -> Self:
        """Return the group as the paper prints it."""
        own = self.model_dump()
        values = {
            key: own[key] | value if isinstance(value, dict) and isinstance(own.get(key), dict) else value
            for key, value in self.printed.items()
        }
        return type(self).model_validate({**own, **values, "printed": {}})
