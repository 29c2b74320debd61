"""One thin file per stage of dvc.yaml: read settings, call the floors below, write the outs.

The only place that knows pipeline paths. The fields of a stage module's class `Settings` are the profile sections and
params.yaml keys that it reads; a test compares them with what dvc.yaml tracks for it.
"""

import sys
from contextlib import suppress

from focus import settings
from focus.environment import isa
from focus.errors import FocusError

if sys.argv[0] == "-m":  # Python is on its way to a module of ours that it will run, and has imported no other yet
    with suppress(FocusError):  # the stage itself says what is wrong with the settings
        isa.pin(settings.load(settings.StageSettings).compute.isa)
