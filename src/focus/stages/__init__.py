"""One thin file per stage of dvc.yaml: read settings, call the floors below, write the outs.

The only place that knows pipeline paths. A stage module names the profile sections and params.yaml keys it reads in
SECTIONS and PARAMS; a test compares them with what dvc.yaml tracks for it.
"""
