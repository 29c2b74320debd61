"""One thin file per stage of dvc.yaml: read settings, call the floors below, write the outs.

The only place that knows pipeline paths. A stage module names the profile sections and params.yaml keys it reads in
SECTIONS and PARAMS; a test compares them with what dvc.yaml tracks for it.
"""

import sys
from contextlib import suppress

from focus import isa, settings
from focus.errors import FocusError

if sys.argv[0] == "-m":  # Python is on its way to a module of ours that it will run, and has imported no other yet
    with suppress(FocusError):  # the stage itself says what is wrong with the settings
        isa.pin(settings.load(("compute",)).compute.isa)
