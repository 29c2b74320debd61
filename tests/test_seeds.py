"""Every purpose has random numbers of its own, the same on every machine."""

from __future__ import annotations

import re

import torch

from focus.seeds import derive, numpy_generator, torch_generator
from projects import ROOT


def test_seed_is_the_same_on_every_machine():
    """A value of an earlier run could not be repeated elsewhere."""
    assert derive(0) == int.from_bytes(bytes.fromhex("5feceb66ffc86f38"), "little") >> 1  # `printf 0 | sha256sum`
    assert derive(0, "epoch", 3) == derive(0, "epoch", "3")
    assert 0 <= derive(7, "a") < 2**63


def test_purposes_do_not_touch_each_other():
    """A new stage, or a draw inside one, would change other draws."""
    seeds = [
        derive(0),
        derive(1),
        derive(0, "a"),
        derive(0, "b"),
        derive(0, "a", "b"),
        derive(0, "ab"),
        derive(0, "b", "a"),
    ]
    assert len(set(seeds)) == len(seeds)


def test_generators_repeat_and_leave_the_global_state():
    """Two runs would differ, or a draw would disturb dropout."""
    torch.manual_seed(1)
    state = torch.get_rng_state()
    assert torch.equal(
        torch.rand(3, generator=torch_generator(0, "x")), torch.rand(3, generator=torch_generator(0, "x"))
    )
    assert (numpy_generator(0, "x").random(3) == numpy_generator(0, "x").random(3)).all()
    assert numpy_generator(0, "x").random() != numpy_generator(0, "y").random()
    assert torch.equal(torch.get_rng_state(), state)


def test_every_generator_is_of_a_purpose():
    """Draws from a shared generator would change when a stage is added, those of an unseeded one each time."""
    begins = re.compile(r"manual_seed\(|default_rng\(|np\.random\.(?!Generator)|^ *(import|from) random\b")
    lines = [line for file in (ROOT / "src/focus").rglob("*.py") for line in file.read_text().splitlines()]
    found = [line for line in lines if begins.search(line)]
    assert len(found) >= 5 and [line for line in found if "derive(" not in line] == []
