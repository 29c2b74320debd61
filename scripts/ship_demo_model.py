"""Copy the run's demo model into the package, with its generated card (`make demo-model`).

The shipped file is the committed run's: tests/reconstruct/test_shipped_model.py compares its hash with dvc.lock's.
"""

from __future__ import annotations

import shutil
import sys

from focus.errors import FocusError
from focus.files import write_text
from focus.reconstruct.bundle import DEMO, MODELS, load_bundle
from focus.reconstruct.card import model_card
from focus.stages.paths import DEMO_MODEL


def main() -> None:
    """Copy models/demo/model.safetensors and write README.md beside the copy."""
    try:
        card = model_card(load_bundle(DEMO_MODEL))
    except FocusError as error:
        sys.exit(f"ship_demo_model: {error}")
    shipped = MODELS / DEMO / DEMO_MODEL.name
    shipped.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DEMO_MODEL, shipped)
    write_text(shipped.with_name("README.md"), card)
    print(f"{shipped}: {shipped.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
