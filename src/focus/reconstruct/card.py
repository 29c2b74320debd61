"""The model card that is generated beside a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from focus.reconstruct.bundle import Bundle, modules

WARNING = (
    "This model saw only faces drawn by a program. On photographs of people its forward pass will often miss; "
    "`focus reconstruct` therefore refines each face on its photograph (`--fit`), and says so."
)

RECOVERED = (
    "Of a person's photograph, place, size, tilt and turn of the head are recovered as well as the 68 points are "
    "found. An open mouth is followed in part, closed eyes are not. Lighter skin gives a lighter albedo under like "
    "light; colour and light cannot be told apart in general. The shape stays near the model's mean and is nobody's "
    "likeness. What an occluder hides is the model's guess. docs/photographs.md has figures, by skin tone and occluder."
)


def model_card(bundle: Bundle) -> str:
    """Return the card in Markdown: what it is, what it was trained on, what it is for, and its figures."""
    card, sizes, model = bundle.card, bundle.sizes, bundle.face_model
    parameters = sum(value.numel() for network in modules(bundle.networks).values() for value in network.parameters())
    lines = [
        f"# Model card: {card.name}",
        "",
        "FOCUS (CVPR 2023): a face image in; a 3D face, its light and pose, and a mask of outliers out.",
        "",
        f"- Weights: {', '.join(bundle.networks)}; {parameters:,} parameters in float16; {sizes.side} px crops.",
        f"- Face model: {model.name}, {model.vertex_count} vertices, {model.n_shape} shape, {model.n_expression} "
        f"expression, {model.n_albedo} albedo components; SHA-256 `{model.content_hash()}`; {model.licence}.",
        f"- Trained on: {card.training_data}.",
        f"- Licence: {card.licence}.",
        "- Made by the stage `demo_model` of dvc.yaml.",
        "",
        *([WARNING, ""] if card.drawn_faces else []),
        "Meant for research on reconstruction and on occlusion. Not for telling who a person is, nor for judging "
        "people; shapes are those the face model can take, not measurements.",
        "",
        "## What is recovered of a person",
        "",
        RECOVERED,
        "",
        "## Is the face occluded?",
        "",
        "A face counts as occluded when its occlusion score (the hidden share of its rendered nose, cheeks, "
        "forehead, mouth and chin, weighted by the distance to the face's rim: what has another hue than the skin, and "
        "on nose, cheeks and forehead what S calls outlier; less eyes, brows, lips and what is thin) reaches the "
        "threshold: the middle of those whose balanced accuracy on the set `validation` is within one standard error "
        "of the best one's." + (" These are people drawn anew, who are in no other set." if card.drawn_faces else ""),
        "",
        "| mode | threshold | set | images | occluded | AUC | found | free faces left free | balanced accuracy |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|",
        *_occlusion_rows(bundle.thresholds, card.metrics.get("occluded", {})),
        "",
        "## Figures of the run",
        "",
        *(f"- {name}: {value}" for name, value in card.metrics.get("run", {}).items()),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _occlusion_rows(thresholds: Mapping[str, float], figures: Mapping[str, Any]) -> list[str]:
    keys = ("images", "occluded", "auc", "true_positive_rate", "true_negative_rate", "balanced_accuracy")
    rows = []
    for mode, sets in figures.items():
        for name, values in sets.items():
            cells = ["n/a" if values.get(key) is None else str(values[key]) for key in keys]
            rows.append(f"| {mode} | {thresholds[mode]:.4f} | {name} | {' | '.join(cells)} |")
    return rows
