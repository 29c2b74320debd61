"""Emulated data sets: people richer than the fitted model, photographed with exact masks, in the published layouts.

Reading order: patches, textures, light, poses; people, body, hair, occluders; scene, photograph; then a file per set.
"""

from focus.emulation.ar import write_ar
from focus.emulation.celebamask_hq import write_celeba_hq
from focus.emulation.identities import emulate_identities
from focus.emulation.now import write_now

__all__ = ["emulate_identities", "write_ar", "write_celeba_hq", "write_now"]
