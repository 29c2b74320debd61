"""What the report stages share: which methods stand in which tables, and what the run was made on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from focus.environment.assets import stands_in
from focus.files import read_json
from focus.registry.testsets import TESTSETS
from focus.report.results import Results, load_results
from focus.settings import MethodSettings, ProvenanceSettings
from focus.stages import paths

SHARED_CURVES = ("recogniser", "initialise", "pretrain", "r_syn_plain", "r_syn_composited")
"""Training curves that belong to no variant."""


@dataclass(frozen=True)
class Shown:
    """The methods of params.yaml, as the documents show them.

    tables: method -> the tables it stands in: instance-wise ones, variants, each followed by what corrects it, constant
        masks, references by label.
    folders: the folder in results/metrics of each method, in the same order; only a reference has a label.
    references: the methods that are no competitors: printed in italics, never the best.
    faces: label of a reference -> its face, "mean" or "fitted".
    """

    tables: dict[str, list[int]]
    folders: list[str]
    references: list[str]
    faces: dict[str, str]


def shown(settings: MethodSettings) -> Shown:
    """Return what params.yaml says. Stages after `listed` read it in its file, which names nothing else of a method."""
    tables: dict[str, list[int]] = {name: plan.tables for name, plan in settings.instance_wise.items()}
    for name, variant in settings.variants.items():
        tables[name] = variant.tables
        tables |= {key: plan.tables for key, plan in settings.corrected.items() if plan.variant == name}
    tables |= {name: plan.tables for name, plan in settings.constant_masks.items()}
    labels = {plan.label: plan for plan in settings.references.values()}
    return Shown(
        tables=tables | {label: plan.tables for label, plan in labels.items()},
        folders=[*tables, *settings.references],
        references=[*settings.constant_masks, *labels],
        faces={label: plan.face for label, plan in labels.items()},
    )


def read_shown() -> Shown:
    """Return what stage `listed` has found."""
    return Shown(**read_json(paths.LISTED / "methods.json"))


def results(names: list[str], external: Iterable[str] = ()) -> Results:
    """Return the per-image values of the methods with these folders; leftovers of removed variants are not read.

    An external method of which only the server's values are known has none.
    """
    others = [paths.EXTERNAL / name for name in external if (paths.EXTERNAL / name).is_dir()]
    return load_results([paths.METRICS / name for name in names], others)


def curve(name: str) -> pd.DataFrame:
    """Return a training's curve: step, network, loss terms. No rows for a variant that did not train: a blank file."""
    path = paths.CURVES / f"{name}.csv"
    return pd.read_csv(path) if path.read_text(encoding="utf-8").strip() else pd.DataFrame(columns=["step", "network"])


def provenance(settings: ProvenanceSettings) -> str:
    """Return the line that says on which data and profile the run was made."""
    given = {name: path for name, path in dict(settings.assets).items() if path is not None}
    pretended = [name for name, path in given.items() if stands_in(path)]
    if given and not pretended:
        return f"run: profile {settings.profile}, licensed assets: {', '.join(given)}; everything else embedded"
    made = f"stand-ins made by code in place of {', '.join(pretended)}"
    data = made if pretended else "embedded data (drawn faces, emulated data sets)"
    return f"run: profile {settings.profile}, {data}; not comparable with the paper's figures, which are on real faces"


def missing() -> dict[str, str]:
    """Return test set -> what is missing, for the sets whose licensed files are not there."""
    found = {}
    for name, testset in TESTSETS.items():
        report = read_json(paths.RESULTS / "landmarks" / f"{testset.split}.json")
        if "missing" in report:
            found[name] = f"{report['missing']} missing"
    return found
