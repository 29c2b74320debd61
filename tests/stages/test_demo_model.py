"""Which faces the shipped model's thresholds are chosen on, and which they are measured on."""

from types import SimpleNamespace

import pytest

from focus.stages import demo_model


@pytest.fixture
def calls(monkeypatch):
    """What `calibrate` is asked, with names in place of faces."""
    asked = []

    def calibrate(_, validation, tests, steps, batch, workers):
        asked.append((validation, tests, steps))
        return 0.5, {}

    monkeypatch.setattr(demo_model, "Reconstructor", lambda bundle: None)
    monkeypatch.setattr(demo_model, "draw_people", lambda count, seed: [SimpleNamespace(judged=(count, seed))])
    monkeypatch.setattr(demo_model, "drawn_faces", lambda _, people: next(people))
    monkeypatch.setattr(demo_model.build, "packed", lambda split: split)
    monkeypatch.setattr(demo_model.build, "has", lambda split: split != "ar")
    monkeypatch.setattr(demo_model, "packed_faces", lambda split, most: (split, most))
    monkeypatch.setattr(demo_model, "calibrate", calibrate)
    return asked


def bundle(drawn_faces):
    card = SimpleNamespace(drawn_faces=drawn_faces, metrics={})
    return SimpleNamespace(card=card, with_figures=lambda thresholds, metrics: thresholds)


def test_drawn_people_choose_the_thresholds_of_a_model_of_drawn_faces(calls):
    """Thresholds would be chosen on people of the training set's making, or validation images refined in vain."""
    assert demo_model.calibrated(bundle(True), 10, 3) == {"forward": 0.5, "fit": 0.5}
    people, others = (6, demo_model.VALIDATION), (3, demo_model.TEST)
    assert calls == [
        (people, {"drawn_test": others, "celeba_test": ("celeba_test", None)}, 0),
        (people, {"drawn_test": others, "celeba_test": ("celeba_test", 3)}, demo_model.DRAWN_FIT),
    ]


def test_validation_images_choose_the_thresholds_of_a_model_of_photographs(calls):
    """Thresholds for photographs would be chosen on drawings, or on the test images."""
    demo_model.calibrated(bundle(False), 10, 3)
    assert [validation for validation, _, _ in calls] == [("celeba_val", None), ("celeba_val", 3)]
    assert all(list(tests) == ["celeba_test"] for _, tests, _ in calls)
