"""A training stage that several processes share: it starts itself again under torchrun, once for each of them.

The process that was started first waits, and reports what goes wrong in the others as its own error, in one line.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from torch import distributed as dist

from focus.errors import FocusError, machine_trouble
from focus.files import write_json
from focus.settings import StageSettings
from focus.training.processes import LostProcessError, joined

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

StageT = TypeVar("StageT", bound=StageSettings)
Names = ParamSpec("Names")
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


def shared(work: Callable[Concatenate[StageT, Names], None]) -> Callable[Concatenate[StageT, Names], None]:
    """Return a stage's work as done by `compute.processes` processes; by one, it is `work` itself."""

    def share(settings: StageT, /, *names: Names.args, **options: Names.kwargs) -> None:
        count = settings.compute.processes
        if count == 1:
            work(settings, *names, **options)
        elif dist.is_torchelastic_launched():
            _take_part(count, lambda: work(settings, *names, **options))
        else:
            _start(count)

    return share


def _take_part(count: int, work: Callable[[], None]) -> None:
    """Do the work as one of the processes, and end; leave an error's line where torchrun looks for it."""
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)  # or it would train on beside its successor
    try:
        if os.environ["WORLD_SIZE"] != str(count):
            found = f"found {count} under a torchrun of {os.environ['WORLD_SIZE']}"
            raise FocusError(f"compute.processes: {found}, expected the same number")
        with joined():
            work()
    except KeyboardInterrupt:
        sys.exit(130)
    except LostProcessError:  # the process that was lost says why
        sys.stderr.flush()
        os._exit(1)  # a plain exit may abort in gloo, whose threads still wait for the lost one
    except Exception as error:
        line = str(error) if isinstance(error, FocusError) else machine_trouble(error)
        if line is None:
            raise
        write_json(Path(os.environ["TORCHELASTIC_ERROR_FILE"]), {"message": line, "timestamp": int(time.time())})
        sys.exit(1)
    sys.exit(0)  # the one that waits notes the cost of all


def _start(count: int) -> None:
    """Run this stage's command in `count` processes. Raises FocusError with one line when a process fails."""
    # As torchrun --standalone, which itself would report a failure in 40 lines. Imported here as it takes 0.2 s.
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        1,
        1,
        count,
        run_id=str(uuid.uuid4()),
        max_restarts=0,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
    )
    module = sys.modules["__main__"].__spec__
    if module is None:
        raise FocusError("compute.processes: found a stage that is run as a file, expected `python -m focus.stages.…`")
    try:
        logging.disable(logging.ERROR)  # what torchrun logs of a failure, FocusError says in one line
        elastic_launch(config, sys.executable)("-m", module.name, *sys.argv[1:])
    except ChildFailedError as failed:
        raise FocusError(_reason(failed.failures, count)) from None
    except SignalException as ended:
        if ended.sigval == signal.SIGINT:
            raise KeyboardInterrupt from None
        sys.exit(128 + ended.sigval)
    finally:
        logging.disable(logging.NOTSET)


def _reason(failures: dict[int, ProcessFailure], count: int) -> str:
    """Return the first line that a process has left, else how the first one ended: one that was killed came first."""
    told = [failure for failure in failures.values() if "timestamp" in failure.error_file_data]
    if told:
        return min(told, key=lambda failure: failure.timestamp).message
    rank, failure = min(failures.items(), key=lambda entry: (entry[1].exitcode >= 0, entry[1].timestamp))
    how = f"was ended by {failure.signal_name()}" if failure.exitcode < 0 else f"ended with status {failure.exitcode}"
    return f"process {rank} of {count} {how}; run the same command again to resume from the last checkpoint"
