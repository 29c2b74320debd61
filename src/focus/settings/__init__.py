"""params.yaml and the profile it names, as typed and validated settings.

The only reader of both files. A stage asks for its own sections and keys (`load`), the ones dvc.yaml tracks for it,
and cannot reach any other. Units stand in the field descriptions. `json_schemas` gives the schemas in workflow/schemas.
"""

from focus.settings.base import Section
from focus.settings.loading import json_schemas, load, read_params, read_profile, read_yaml, validate
from focus.settings.params import IMPORTED, Corrected, Method, Params, Variant
from focus.settings.profile import Compute, Detector, Optimiser, Profile, Recogniser

__all__ = [
    "IMPORTED",
    "Compute",
    "Corrected",
    "Detector",
    "Method",
    "Optimiser",
    "Params",
    "Profile",
    "Recogniser",
    "Section",
    "Variant",
    "json_schemas",
    "load",
    "read_params",
    "read_profile",
    "read_yaml",
    "validate",
]
