"""`focus verify` runs the pipeline again in a clone: here the real pipeline with stand-in stages."""

import re


def test_verify_runs_a_clone_and_compares(run_by_dvc, copy):
    """A result that nobody can repeat would pass, or one that everybody can would not."""
    project = copy(run_by_dvc)
    done = project.run("python", "-m", "focus.cli", "verify", "--cores", "2", check=False, PYTHONPATH="src")
    assert done.returncode == 0 and "the same bits" in done.stdout.splitlines()[-1], done.stdout
    assert project.executed() == []  # nothing has run in the project itself

    lock = project.path / "dvc.lock"
    md5 = re.search(r"path: models/FOCUS\n.*\n\s+md5: (\w+)", lock.read_text())[1]
    lock.write_text(lock.read_text().replace(md5, "0" * 32))
    project.commit("a forged lock")
    done = project.run("python", "-m", "focus.cli", "verify", "--cores", "2", check=False, PYTHONPATH="src")
    assert done.returncode == 1 and "Traceback" not in done.stdout
    assert "first those of stage train@FOCUS (models/FOCUS)" in done.stdout.splitlines()[-1]
