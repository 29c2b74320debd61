"""Runs in several emulated worlds and with several training seeds, taken together: do the findings survive?

study (which runs) > collected (a run's values in one small CSV) > summary (mean and std over runs), claims
(hierarchical bootstrap) > figure, write. No stage imports it: results/worlds comes from many runs, and
dvc.yaml describes one.
"""
