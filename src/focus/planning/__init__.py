"""`focus plan`: what a profile will cost, from measured costs, before anything starts."""

from focus.planning.costs import Measured, read_measured
from focus.planning.estimate import Estimate, estimate
from focus.planning.show import print_plan
from focus.planning.worlds import estimate_worlds

__all__ = ["Estimate", "Measured", "estimate", "estimate_worlds", "print_plan", "read_measured"]
