"""Around the stages: what a run needs of its machine, costs, plans, and is checked and compared by."""
