"""Watches a run from outside: the memory of all its processes together, and when each training step was logged."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path

_STEP = re.compile(r"^(\S+): step (\d+) of (\d+), (\w+), loss")
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20
_SESSION, _RSS = 5, 23  # places in /proc/<pid>/stat, counted from 0


class Watch:
    """Looks every `interval` seconds, in a thread of its own, between `__enter__` and `__exit__`.

    Attributes:
        peak_mib: the largest memory of the session's processes together (shared pages count for each of them).
        steps: "stage, network" -> seconds between the lines of two successive steps of one stage; the earlier may be
            the other network's. The first step of a process has none: it also reads the data.
    """

    def __init__(self, session: int, logs: Path, interval: float = 0.25) -> None:
        self.session, self.logs, self.interval = session, logs, interval
        self.peak_mib = 0.0
        self.steps: dict[str, list[float]] = {}
        self._read = {log: log.stat().st_size for log in logs.rglob("*.log")}
        self._last: dict[str, tuple[int, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Look a last time and stop."""
        self._over.set()
        self._thread.join()
        self.look()

    def _watch(self) -> None:
        while not self._over.wait(self.interval):
            self.look()

    def look(self) -> None:
        """Take the memory and the new lines of all logs once."""
        self.peak_mib = max(self.peak_mib, session_mib(self.session))
        now = time.monotonic()
        for log in sorted(self.logs.rglob("*.log")):
            with log.open("rb") as stream:
                stream.seek(self._read.get(log, 0))
                new = stream.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._read[log] = self._read.get(log, 0) + len(whole)
            for line in whole.decode("utf-8", "replace").splitlines():
                self._note(line, now)

    def _note(self, line: str, now: float) -> None:
        found = _STEP.match(line)
        if not found:
            return
        stage, step, network = found[1], int(found[2]), found[4]
        before = self._last.get(stage)
        self._last[stage] = (step, now)
        if before is not None and before[0] == step - 1:
            self.steps.setdefault(f"{stage}, {network}", []).append(round(now - before[1], 2))


def session_mib(session: int) -> float:
    """Return the resident memory in MiB of all processes of a session (Linux)."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[_SESSION - 2]) == session:
            total += int(fields[_RSS - 2])
    return total * _PAGE_MIB
