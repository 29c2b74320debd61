"""The test sets, and the sets of images over which means are taken.

A test set is a packed split (`data/packed/<split>`) with ground truth: masks of the visible face, or NoW's scans. It
brings its subsets with it (AR), or two lists say what is in them (`results/lists/<lists>_<subset>.txt`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TestSet:
    """A test set. subsets: those that tables and claims count; others: those that they leave aside."""

    name: str
    split: str
    subsets: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    truth: Literal["masks", "scans"] = "masks"
    lists: str = ""

    @property
    def allowed(self) -> tuple[str, ...]:
        """What an image's subset may be; "none" where it may be in no list, or the set has no subsets."""
        return (*self.subsets, *self.others, *(("none",) if self.lists or not self.subsets else ()))

    def counts(self, subset: str) -> bool:
        """Tell whether images of a subset are among those that tables count."""
        return subset in self.subsets or not self.subsets


TESTSETS: dict[str, TestSet] = {
    each.name: each
    for each in (
        TestSet("CelebA", "celeba_test", ("unoccluded", "occluded"), lists="celeba"),
        TestSet("AR", "ar", ("unoccluded", "glasses", "scarf"), ("sidelight",)),
        TestSet("NoW", "now", ("unoccluded", "occluded"), truth="scans", lists="now"),
    )
}
"""The sets by name, in the order of the rows of images.csv. AR's subsets are those with hand-made masks (Sec. 4.1)."""

WITH_MASKS = tuple(each for each in TESTSETS.values() if each.truth == "masks")


@dataclass(frozen=True)
class Part:
    """A weighted set of images: one test set, in `subsets` only when any are named."""

    weight: float
    testset: str
    subsets: tuple[str, ...] = ()


def _one(testset: str, *subsets: str) -> tuple[Part, ...]:
    return (Part(1, testset, subsets),)


IMAGE_SETS: dict[str, tuple[Part, ...]] = {
    "CelebA-Unoccluded": _one("CelebA", "unoccluded"),
    "CelebA-Occluded": _one("CelebA", "occluded"),
    "CelebA-Overall": (Part(0.5, "CelebA", ("unoccluded",)), Part(0.5, "CelebA", ("occluded",))),
    "CelebA-Pooled": _one("CelebA", "unoccluded", "occluded"),
    "CelebA-Occluded minus Unoccluded": (Part(1, "CelebA", ("occluded",)), Part(-1, "CelebA", ("unoccluded",))),
    "AR": _one("AR", *TESTSETS["AR"].subsets),
    "AR-unoccluded": _one("AR", "unoccluded"),
    "AR-glasses": _one("AR", "glasses"),
    "AR-scarf": _one("AR", "scarf"),
    "AR-sidelight": _one("AR", "sidelight"),
    "AR-sidelight minus unoccluded": (Part(1, "AR", ("sidelight",)), Part(-1, "AR", ("unoccluded",))),
    "NoW": _one("NoW"),
    "NoW-Unoccluded": _one("NoW", "unoccluded"),
    "NoW-Occluded": _one("NoW", "occluded"),
    "NoW-Occluded minus Unoccluded": (Part(1, "NoW", ("occluded",)), Part(-1, "NoW", ("unoccluded",))),
}
"""Name -> weighted parts: CelebA-Overall is half of each subset, a difference has a part of weight -1."""
