"""All tests compute with the instruction set that the stages do, whatever the CPU: the same bits on every machine.

Processes that they start run the code of this checkout too, whichever checkout the environment was installed from.
"""

import os
from pathlib import Path

from focus.environment import isa

isa.pin("avx2")  # before any test imports NumPy or torch
_PLACES = (str(Path(__file__).resolve().parents[1] / "src"), os.environ.get("PYTHONPATH", ""))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, _PLACES))
