"""What a person types: `focus …`. Imports stay inside the commands, so that `focus --help` is quick."""

from __future__ import annotations

import io
import json
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from focus.cli.detector import app as detector_app
from focus.cli.emulate import emulate
from focus.cli.face_model import app as face_model_app
from focus.cli.import_authors import import_authors
from focus.cli.now import app as now_app
from focus.cli.reconstruct import reconstruct
from focus.environment.log import to_stderr
from focus.errors import FocusError, machine_trouble

GROUPS = {
    "Photographs": ("reconstruct", "detector", "crop"),
    "The pipeline's runs": ("plan", "assets", "summary", "same", "verify", "report"),
    "Meshes, data and models": ("now", "emulate", "face-model", "import-authors"),
    "Upkeep": ("schemas",),
}


Json = Annotated[bool, typer.Option("--json", help="as JSON, for scripts")]


class Grouped(TyperGroup):
    """A help text that lists the commands by what they are for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each of GROUPS; a command that none names stands under `Others`."""
        # The types are click's or typer's own copy of it, by typer's version.
        width = max(map(len, self.commands)) + 2
        grouped = {name for names in GROUPS.values() for name in names}
        others = tuple(name for name in self.list_commands(ctx) if name not in grouped)
        for title, names in {**GROUPS, "Others": others}.items():
            rows = [(name, self.commands[name].get_short_help_str(formatter.width - width - 2)) for name in names]
            if rows:
                with formatter.section(title):
                    formatter.write_dl([(name.ljust(width - 2), what) for name, what in rows])


app = typer.Typer(
    name="focus",
    cls=Grouped,
    help="FOCUS (CVPR 2023), reproduced: 3D faces from photographs with outliers segmented. Pipeline: dvc repro.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(reconstruct)
app.command()(emulate)
app.command()(import_authors)
app.add_typer(face_model_app, name="face-model")
app.add_typer(detector_app, name="detector")
app.add_typer(now_app, name="now")


@app.command()
def summary(as_json: Json = False) -> None:
    """Print where the results are and what they cost."""
    from focus.commands.summary import print_summary, read_costs

    if as_json:
        print(json.dumps(read_costs(Path()), indent=2))
        return
    print_summary(Path())


@app.command()
def same() -> None:
    """Say in one line whether the run here has the committed bits; if not, where and why they part."""
    from focus.commands.same import same

    print(same(Path()))


@app.command()
def crop(
    image: Annotated[Path, typer.Argument(help="the photograph")],
    landmarks: Annotated[Path, typer.Argument(help="CSV with rows filename, x0, y0 … x67, y67")],
    out: Annotated[Path, typer.Argument(help="PNG to write")],
    size: Annotated[int, typer.Option(min=16, max=4096, help="side of the crop, px")] = 224,
    flip: Annotated[str, typer.Option(help="how y is turned up: H (the FOCUS authors) or H-1 (Deep3D)")] = "H",
) -> None:
    """Cut a face out of a photograph as Deep3D does.

    By its 68 landmarks, which are given in a table as the released code writes it.
    """
    from focus.datasets.crop import deep3d_crop, is_flip
    from focus.datasets.images import write_png
    from focus.datasets.landmark_table import LandmarkTable
    from focus.reconstruct.photos import read_photo

    if not is_flip(flip):
        raise FocusError(f"--flip: found {flip!r}, expected H or H-1")
    photo = read_photo(image)
    faces = LandmarkTable.read(landmarks).faces(image, (photo.shape[1], photo.shape[0]))
    if len(faces) > 1:
        raise FocusError(f"{landmarks}: found {len(faces)} rows for {image}, expected one: a crop shows one face")
    write_png(out, deep3d_crop(photo, faces[0], size, flip)[0])


@app.command()
def assets(
    profile: Annotated[str, typer.Option(help="profiles/<profile>.yaml")] = "paper", as_json: Json = False
) -> None:
    """Check the licensed files that a profile names.

    For each one missing: what it is, its licence, where to get it, and which setting takes its path.
    """
    from focus.commands.asset_check import check_assets
    from focus.files import write_json
    from focus.settings import read_profile

    verdicts = check_assets(read_profile(profile))
    found = [asdict(verdict) for verdict in verdicts]
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        for verdict in verdicts:
            print(f"{verdict.status:8} {verdict.key:10} {verdict.found}")
    write_json(Path("logs/assets.json"), found)
    if any(verdict.status == "broken" for verdict in verdicts):
        raise FocusError("assets: found broken files, expected whole ones (see above)")


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="HTML file to write")] = Path("results/report.html"),
    faces: Annotated[
        bool | None,
        typer.Option("--faces/--no-faces", help="with pictures and meshes of faces; default: only drawn ones"),
    ] = None,
) -> None:
    """Write the page of a finished run again: claims, tables, figures, gallery, 3D views, training curves."""
    from focus import settings
    from focus.environment import isa

    isa.pin(settings.load(settings.StageSettings).compute.isa)  # the page has the stage's bits
    from focus.stages import report as stage

    stage.work(settings.load(stage.Settings), faces, out)
    print(out)


@app.command()
def verify(
    profile: Annotated[str, typer.Option(help="profiles/<profile>.yaml; default: the one in params.yaml")] = "",
    against: Annotated[Path | None, typer.Option(help="a dvc.lock to compare with; default: the committed one")] = None,
    cores: Annotated[int, typer.Option(min=1, help="stages side by side; 1: dvc repro, more: Snakemake")] = 1,
    tolerance: Annotated[float, typer.Option(min=0, help="accepted in results/ on another machine type")] = 0.0,
    keep: Annotated[Path | None, typer.Option(help="a new folder for the clones, which then stay")] = None,
    write_lock: Annotated[
        Path | None, typer.Option(help="compare nothing: write the run's hashes to this file")
    ] = None,
) -> None:
    """Run a profile again in a temporary clone; name the first stage that differs from dvc.lock, and by how much."""
    from tempfile import TemporaryDirectory

    from focus.commands import verify as again
    from focus.settings import read_params, read_profile

    chosen = profile or read_params().profile
    read_profile(chosen)
    if keep is not None and keep.exists():
        raise FocusError(f"--keep: found {keep}, expected a folder that does not exist yet")
    with TemporaryDirectory(prefix="focus-verify-") as temporary:
        work = (keep or Path(temporary)).resolve()
        if write_lock is not None:
            print(again.write_lock(Path(), chosen, cores, work, write_lock))
            return
        print(again.verdict(*again.verify(Path(), chosen, against, cores, work), tolerance))


@app.command("plan")
def plan_costs(
    profile: Annotated[str | None, typer.Option(help="default: the one params.yaml names")] = None,
    worlds: Annotated[int, typer.Option(min=0, help="data worlds of the study (docs/worlds.md); 0: a plain run")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="training seeds in each world")] = 1,
    as_json: Json = False,
) -> None:
    """Say what every training of a profile will cost, steps times seconds per step, before anything starts."""
    from focus.commands.plan import plan, print_plan, read_measured
    from focus.report.worlds.study import reduced
    from focus.settings import read_params, read_profile

    params, measured, runs = read_params(), read_measured(), max(1, worlds) * seeds
    name = profile or params.profile
    studied = reduced(params) if worlds or seeds > 1 else params
    found = plan(studied, read_profile(name), measured, runs)
    if as_json:
        print(json.dumps([cost._asdict() for cost in found], indent=2))
        return
    title = f"Profile {name}" + (f", {max(1, worlds)} worlds x {seeds} seeds" if runs > 1 else "")
    print_plan(title, found, measured, runs)


@app.command()
def schemas(folder: Annotated[Path, typer.Argument(help="folder to write to")] = Path("workflow/schemas")) -> None:
    """Write JSON schemas of params.yaml and profiles."""
    from focus.files import write_json
    from focus.settings import json_schemas

    for name, schema in json_schemas().items():
        write_json(folder / f"{name}.schema.json", schema)
        print(folder / f"{name}.schema.json")


def main() -> None:
    """Run the command line: a FocusError is one line on standard error and exit code 1; so is a warning, without it."""
    to_stderr()
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name that this terminal's encoding lacks ends nothing
        sys.stdout.reconfigure(errors="backslashreplace")
    warnings.formatwarning = lambda message, *_, **__: f"focus: warning: {message}\n"
    try:
        app()
        return
    except FocusError as error:
        trouble: str | None = str(error)
    except ModuleNotFoundError as error:  # of the photo tool alone, `pip install focus-repro`
        if error.name is None or error.name.startswith("focus"):
            raise
        wanted = "expected the pipeline's packages: pip install 'focus-repro[pipeline]'"
        trouble = f"found no Python package {error.name}, {wanted}"
    except (OSError, MemoryError, RuntimeError) as error:
        trouble = machine_trouble(error)
        if trouble is None and isinstance(error, OSError) and error.filename:  # a folder where a file is to go, …
            place = error.filename2 or error.filename  # of a rename the target; the source is a temporary file
            trouble = f"{place}: {error.strerror}"
        if trouble is None:
            raise
    print(f"focus: {trouble}", file=sys.stderr)
    sys.exit(1)
