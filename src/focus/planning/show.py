"""The plan as a person reads it: a table of stages, one of variants, and what the figures rest on."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from focus.planning.costs import Measured
from focus.planning.estimate import GPU_TFLOP_S, Estimate

VARIANT_STAGES = ("train", "evaluate", "correct", "instance_fit", "constant_mask", "reference")
WORST = ("-", "measured", "step measured", "scaled", "not measured")  # of several stages the least certain basis counts


def print_plan(profile: str, found: list[Estimate], measured: Measured, runs: str = "") -> None:
    """Print what each stage and each variant will cost, and their sum; runs: of which runs, when of several."""
    console = Console(highlight=False, width=100)
    hours = sum(each.cpu_s for each in found) > 3 * 3600
    shared = [each for each in found if each.stage.partition("@")[0] not in VARIANT_STAGES]
    variants: dict[str, list[Estimate]] = {}
    for each in found:
        if each.stage.partition("@")[0] in VARIANT_STAGES:
            variants.setdefault(each.stage.partition("@")[2], []).append(each)
    table = _table(f"Profile {profile}{runs}: {len(found)} stages", hours)
    for each in shared:
        _row(table, each.stage, [each], hours)
    table.add_section()
    for name, parts in variants.items():
        _row(table, f"{name} ({', '.join(part.stage.partition('@')[0] for part in parts)})", parts, hours)
    table.add_section()
    _row(table, "all", found, hours)
    console.print(table)
    for line in notes(measured, any(each.gpu_s for each in found)):
        console.print(line, soft_wrap=True)


def _table(title: str, hours: bool) -> Table:
    table = Table(title=title, title_justify="left")
    for name in ("stage", f"CPU {'h' if hours else 'min'}", "GPU h", "MB", "basis"):
        table.add_column(name, justify="left" if name in ("stage", "basis") else "right", no_wrap=True)
    return table


def _row(table: Table, name: str, parts: Iterable[Estimate], hours: bool) -> None:
    parts = list(parts)
    cpu = sum(part.cpu_s for part in parts) / (3600 if hours else 60)
    gpu = [part.gpu_s for part in parts if part.gpu_s]
    basis = max((part.basis for part in parts), key=WORST.index)
    shown = f"{sum(gpu) / 3600:.1f}" if gpu else "-"
    table.add_row(name, f"{cpu:.1f}", shown, f"{sum(part.space for part in parts) / 1e6:.1f}", basis)


def notes(measured: Measured, gpu: bool) -> list[str]:
    """Return what the figures rest on, a sentence a line."""
    found = [
        f"CPU: one thread, measured on profile {measured.profile} ({measured.machine}).",
        "basis: measured = this work was timed; step measured = a step at this size was timed, times the steps; "
        "scaled = extrapolated in proportion to the work.",
        "MB: the stages' outputs; DVC's cache holds them once more, unless the file system shares blocks.",
    ]
    if gpu and measured.gpu:
        found.append(
            f"GPU h: steps of batch 12 as measured on one {measured.gpu}, times their number. A training takes either."
        )
    elif gpu:
        found.append(
            f"GPU h: extrapolated from the networks' counted arithmetic at {GPU_TFLOP_S:.0f} TFLOP/s sustained; "
            "rendering and losses come on top. A training takes either the CPU or the GPU hours."
        )
    return found
