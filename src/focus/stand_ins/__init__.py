"""Stand-ins for the licensed files at their full size, made by code, to try what the real ones ask of a machine.

Nothing in them is worth a result, and a marker in their folder says so (`focus.environment.assets.STAND_IN`).
"""

from focus.stand_ins.folder import Amounts, write_stand_ins

__all__ = ["Amounts", "write_stand_ins"]
