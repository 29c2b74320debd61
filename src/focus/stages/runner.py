"""What every stage does around its own work: own code only, fixed threads, one-line errors, a note of its cost."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

import focus
from focus import device, fingerprints, settings
from focus.environment import cost, isa
from focus.environment.log import to_stderr
from focus.environment.roots import use_exact_roots
from focus.environment.workplace import refuse_links
from focus.errors import FocusError, machine_trouble
from focus.stages import paths

logger = logging.getLogger(__name__)

StageT = TypeVar("StageT", bound=settings.StageSettings)


def run(stage: str, kind: type[StageT], work: Callable[[StageT], None]) -> None:
    """Run one stage ("train/FOCUS"): load its settings, do its work, log its cost to logs/cost/<stage>.json.

    Exits with status 1 and one line on standard error for a FocusError, a full disk or no memory; 130 for Ctrl-C.
    """
    began = time.monotonic()
    to_stderr()
    try:
        _own_code_only()
        refuse_links(Path())
        fingerprints.check(stage)
        chosen = settings.load(kind, stage.partition("/")[2])
        _same_bits(chosen.compute)
        work(chosen)
    except FocusError as error:
        sys.exit(f"{stage}: {error}")
    except KeyboardInterrupt:
        logger.error("%s: interrupted; run the same command again to resume from the last checkpoint", stage)
        sys.exit(130)
    except Exception as error:
        trouble = machine_trouble(error)
        if trouble is None:
            raise
        sys.exit(f"{stage}: {trouble}")
    cost.record(paths.LOGS, stage, time.monotonic() - began)


def run_one_of(group: str, kind: type[StageT], work: Callable[[StageT, str], None]) -> None:
    """Run the stage of a group that the command line names: "train/FOCUS" for `python -m focus.stages.train FOCUS`."""
    name = sys.argv[1]
    run(f"{group}/{name}", kind, lambda settings: work(settings, name))


def _same_bits(compute: settings.Compute) -> None:
    if compute.isa == "avx2" and not isa.lacking():
        _avx2()
    torch.set_num_threads(compute.threads)
    found = device.choose(compute.device)
    gpu = found.type == "cuda"
    if gpu:
        torch.cuda.set_device(found)  # of several processes each has its own
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS may add in any order
    # What use_deterministic_algorithms(True) does, without its import of the compiler: over a second in every stage.
    # On a GPU a few operations (grid_sample's backward pass) have no such algorithm: a warning, not an end.
    torch.set_deterministic_debug_mode("warn" if gpu else "error")
    # Filling fresh memory would cost a tenth of a step. `focus verify` shows that no result depends on what lay there.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # torch adds it as it loads


def _avx2() -> None:
    found = torch.backends.cpu.get_cpu_capability()
    if found != "AVX2":  # torch was there before focus.stages could set anything
        logger.warning("compute.isa: found %s, expected AVX2: other bits; start a stage by python -m", found)
    use_exact_roots()


def _own_code_only() -> None:
    """An editable install may point into another checkout; a stage must run the code that dvc.yaml tracks here."""
    found, expected = Path(focus.__file__).resolve().parent, Path("src/focus").resolve()
    if found != expected:
        raise FocusError(f"code: found {found}, expected {expected}; run stages with PYTHONPATH=src from the root")
