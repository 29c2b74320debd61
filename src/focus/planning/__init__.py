"""`focus plan`: what a profile will cost, from measured costs, before anything starts."""

from focus.planning.costs import Measured, read_measured
from focus.planning.estimate import Estimate, estimate
from focus.planning.show import print_plan

__all__ = ["Estimate", "Measured", "estimate", "print_plan", "read_measured"]
