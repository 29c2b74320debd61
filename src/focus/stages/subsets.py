"""Table 1's CelebA subsets and Table 3's NoW pairs, written as lists."""

from __future__ import annotations

from types import SimpleNamespace

from focus.evaluation.subsets import celeba_subsets, now_pairs
from focus.files import whole_directory, write_text
from focus.stages import build, paths
from focus.stages.runner import run

SECTIONS = ("evaluation",)
PARAMS = ()


def work(settings: SimpleNamespace) -> None:
    """Write results/lists."""
    plan, model = settings.evaluation, build.face_model()
    subsets: dict[str, list[str]] = {"unoccluded": [], "occluded": []}
    if build.has("celeba_test"):
        subsets = celeba_subsets(build.packed("celeba_test"), plan.celeba_unoccluded, plan.celeba_occluded)
    points = model.shape_mean[model.landmarks68].double().numpy()
    pairs = now_pairs(build.packed("now"), points, plan.now_pairs) if build.has("now") else []
    with whole_directory(paths.LISTS) as folder:
        for name, images in subsets.items():
            write_text(folder / f"celeba_{name}.txt", "".join(f"{image}\n" for image in images))
        for name in ("occluded", "unoccluded"):
            write_text(folder / f"now_{name}.txt", "".join(f"{getattr(pair, name)}\n" for pair in pairs))


if __name__ == "__main__":
    run("subsets", SECTIONS, PARAMS, work)
