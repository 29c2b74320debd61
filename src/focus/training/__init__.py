"""Trainings: one loop, one checkpoint format; initialisation (3.3), EM rounds (3.2), R_syn (3.4), baselines."""
