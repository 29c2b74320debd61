"""docs/reference.md is what the docstrings say."""

from __future__ import annotations

import ast

import reference


def test_reference_is_up_to_date() -> None:
    """Readers would find functions that are gone: run `make reference`."""
    assert reference.REFERENCE.read_text(encoding="utf-8") == reference.reference()


def test_an_entry_has_signature_and_docstring_and_no_private_name() -> None:
    """The reference would lack arguments, or list what nobody should call."""
    module = ast.parse(
        'def f(a: int, *, b: str = "x") -> None:\n    "Do <it>."\n\ndef _g():\n    "No."\n\ndef h(): pass'
    )
    (function,) = reference.public(module.body)
    assert reference.signature(function) == "f(a: int, *, b: str='x') -> None"
    assert reference.text_of(function) == ["Do \\<it>."]


def test_indented_parts_stand_as_they_are() -> None:
    """Lists of arguments would run together into one paragraph."""
    function = ast.parse('def f():\n    """Do it.\n\n    Args:\n        a: (N,3) mm\n    """').body[0]
    assert reference.text_of(function) == ["Do it.", "", "```text", "Args:", "    a: (N,3) mm", "```"]


def test_every_package_is_in_it() -> None:
    """A part of the project would have no reference."""
    headings = [line for line in reference.reference().split("\n") if line.startswith("## `")]
    for name in ("focus.losses", "focus.face_model.model", "focus.report.page.gallery", "focus.training.loop"):
        assert f"## `{name}`" in headings
