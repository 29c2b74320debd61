"""`python fuzzing.py FOLDER COUNT`: mutated inputs for every reader, COUNT each, in a process that may die of them.

A reader may return, or raise FocusError in one line. Another exception, more than 5 s or more than 1 GiB is a failure;
the input that made it stays in FOLDER/<reader>/. Prints one line per reader, and exits with 1 if any failed.
"""

from __future__ import annotations

import faulthandler
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fuzzed_meshes
import fuzzed_models
import fuzzed_pictures
import fuzzed_texts
from focus.errors import FocusError
from fuzzed import Reader

SECONDS, BYTES = 5, 2**30
READERS = (*fuzzed_models.READERS, *fuzzed_meshes.READERS, *fuzzed_pictures.READERS, *fuzzed_texts.READERS)
WORDS = [b"nan", b"-1", b"1e999", b"9" * 20, b"0" * 5000, b"[" * 3000, b"{", b"<", b'"', b",", b": ", b" ", b"\n"]
WORDS += [b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe\0\0", b"\x85", b"\\\n", b"\xcd\xb7\\", b"4294967295", b"-2147483648"]
WORDS += [b"\0", b"\xff\xfe", b"\xf0\x9f\x98\x80", b"../../", b"&a [*a, *a]", b"!!python/object/apply:os.system [x]"]
PLACE = st.floats(0, 1, exclude_max=True)
EDIT = st.one_of(
    st.tuples(st.just("cut"), PLACE, st.just(b"")),
    st.tuples(st.just("overwrite"), PLACE, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("insert"), PLACE, st.sampled_from(WORDS)),
    st.tuples(st.just("replace"), PLACE, st.sampled_from(WORDS)),
    st.tuples(st.just("repeat"), PLACE, st.binary(min_size=1, max_size=3)),
    st.tuples(st.just("erase"), PLACE, st.binary(min_size=1, max_size=40)),
)
PLAIN = settings(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
EDITS = st.lists(EDIT, min_size=1, max_size=4)


def mutated(content: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    """Return `content` with each edit made at its place, a share of the length."""
    for kind, place, word in edits:
        at = int(place * len(content))
        before, after = content[:at], content[at:]
        content = {
            "cut": before,
            "overwrite": before + word + after[len(word) :],
            "insert": before + word + after,
            "replace": before + word + after.lstrip(b"0123456789.-")[1:],
            "repeat": before + after[:40] * len(word) * 7 + after,
            "erase": before + after[len(word) :],
        }[kind]
    return content


def attack(reader: Callable[[Path], Reader], folder: Path, count: int) -> int:
    """Feed a reader mutated inputs; return how many. Raises what a reader must not."""
    folder.mkdir(parents=True)
    path, read = reader(folder)
    whole, tried = path.read_bytes(), 0
    read()

    @settings(PLAIN, max_examples=count)
    @given(EDITS)
    def one(edits: list[tuple[str, float, bytes]]) -> None:
        nonlocal tried
        tried += 1
        path.write_bytes(mutated(whole, edits))
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            read()
        except FocusError as error:
            assert "\n" not in str(error) and len(str(error)) < 1000, f"not one line: {error}"
            assert not isinstance(error.__context__, MemoryError), f"over {BYTES:,} bytes: {error}"
        finally:
            faulthandler.cancel_dump_traceback_later()

    one()
    return tried


def main(folder: Path, count: int) -> int:
    """Attack every reader; return the number of those that failed."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, resource.RLIM_INFINITY))
    failures = 0
    for reader in READERS:
        print(f"{reader.__name__}: ", end="", flush=True)  # the last line names the reader that ended the process
        try:
            print(f"{attack(reader, folder / reader.__name__, count)} mutations", flush=True)
        except Exception:
            failures += 1
            print(f"failed\n{traceback.format_exc()}", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]), int(sys.argv[2])) else 0)
