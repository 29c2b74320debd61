"""The paper's 16 claims, and one that it takes for granted (17), as data: paper/claims.csv.

Each says who is better than whom, on which images, by which metric.

Every claim has the same form: the mean over images of (a - b) in one metric, turned so that a positive margin means
that the claim holds: a is the better one. The images are a weighted set of IMAGE_SETS: CelebA-Overall is half of each
subset, and "how much more on occluded than on unoccluded faces" is one set with weight 1 and one with weight -1. So no
claim needs code of its own; `verdicts` evaluates the list. Deep3D-skin is our backbone with Deep3D's skin mixture,
Deep3D the method itself where a user has given its predictions.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Claim:
    """One claim on one set of images: a is better than b in `metric`.

    id: starts with the claim's number. testset: of IMAGE_SETS. metric: of METRICS, or "seconds": b's over a's, above
    `threshold`. threshold: what the margin is measured from; below zero it makes a test of "no worse by more than". by:
    "" or a column of images.csv; the claim is then evaluated once for each of its values. mechanism: one of the claims
    that test the method itself, expected to hold wherever the pipeline is right.
    """

    id: str
    claim: str
    table: int | None
    testset: str
    a: str
    b: str
    metric: str
    threshold: float = 0.0
    by: str = ""
    mechanism: bool = False


def read_claims() -> tuple[Claim, ...]:
    """Return the claims in the file's order, which their bootstrap draws depend on."""
    text = (resources.files("focus.report") / "paper" / "claims.csv").read_text(encoding="utf-8")
    return tuple(
        Claim(
            **{name: row[name] for name in ("id", "claim", "testset", "a", "b", "metric", "by")},
            table=int(row["table"]) if row["table"] else None,
            threshold=float(row["threshold"] or 0),
            mechanism=row["mechanism"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    )


CLAIMS = read_claims()
