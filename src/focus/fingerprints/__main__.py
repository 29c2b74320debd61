"""The stage `code`: write the fingerprint of every stage to workflow/code."""

import sys

from focus.errors import FocusError
from focus.fingerprints import write

if __name__ == "__main__":
    try:
        write()
    except FocusError as error:
        sys.exit(f"code: {error}")
