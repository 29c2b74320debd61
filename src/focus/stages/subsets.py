"""Table 1's CelebA subsets and Table 3's NoW pairs, written as lists: by stated rules, or the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from focus.errors import FocusError
from focus.evaluation.subsets import celeba_subsets, now_pairs, read_list
from focus.files import whole_directory, write_text
from focus.settings import Evaluation, Lists, StageSettings
from focus.stages import build, paths
from focus.stages.runner import run

SPLITS = {"celeba": "celeba_test", "now": "now"}


@dataclass(frozen=True, kw_only=True)
class Settings(StageSettings):
    """What the stage reads."""

    evaluation: Evaluation
    lists: Lists


def work(settings: Settings) -> None:
    """Write results/lists."""
    lists = by_rule(settings.evaluation)
    for name, path in dict(settings.lists).items():
        split = SPLITS[name.split("_")[0]]
        if path is not None and build.has(split):
            lists[name] = read_list(path, dict.fromkeys(build.packed(split).names))
    check_apart(lists)
    with whole_directory(paths.LISTS) as folder:
        for name, images in lists.items():
            write_text(folder / f"{name}.txt", "".join(f"{image}\n" for image in images))


def by_rule(plan: Evaluation) -> dict[str, list[str]]:
    """Return the four lists by the rules; empty ones for a data set that is missing."""
    model = build.face_model()
    subsets: dict[str, list[str]] = {"unoccluded": [], "occluded": []}
    if build.has("celeba_test"):
        subsets = celeba_subsets(build.packed("celeba_test"), plan.celeba_unoccluded, plan.celeba_occluded)
    points = model.shape_mean[model.landmarks68].double().numpy()
    pairs = now_pairs(build.packed("now"), points, plan.now_pairs) if build.has("now") else []
    lists = {f"celeba_{name}": images for name, images in subsets.items()}
    return lists | {f"now_{name}": [getattr(pair, name) for pair in pairs] for name in ("occluded", "unoccluded")}


def check_apart(lists: Mapping[str, list[str]]) -> None:
    """Raise FocusError when an image is in both lists of a data set, as when one is the user's and one the rule's."""
    for name in SPLITS:
        both = set(lists[f"{name}_unoccluded"]) & set(lists[f"{name}_occluded"])
        if both:
            found = f"{len(both)} images in both {name} lists, such as {min(both)}"
            raise FocusError(f"lists: found {found}; expected each in one: give both lists or none")


if __name__ == "__main__":
    run("subsets", Settings, work)
