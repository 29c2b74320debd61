"""`focus plan`: what a profile will cost, before anything starts: training steps times measured seconds per step."""

from focus.pipeline.planning.plan import Measured, Steps, plan, print_plan, read_measured, trainings

__all__ = ["Measured", "Steps", "plan", "print_plan", "read_measured", "trainings"]
