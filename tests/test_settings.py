"""params.yaml and the profiles: typed, validated, and handed out by the section."""

from __future__ import annotations

import os
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path
from typing import Annotated

import pytest
import yaml
from pydantic import ValidationError

from focus import settings
from focus.errors import FocusError
from focus.files import read_json
from focus.settings.loading import read_yaml
from focus.settings.terms import SWITCHES
from focus.stages.evaluate import Settings as Evaluate
from focus.stages.initialise import Settings as Initialise
from focus.stages.pretrain import Settings as Pretrain
from focus.stages.train import Settings as Train

ROOT = Path(__file__).resolve().parents[1]
PROFILES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))


@pytest.fixture
def project(tmp_path):
    """Return a function that writes params.yaml and profiles/smoke.yaml after changes, and the folder."""

    def write(params=lambda content: None, profile=lambda content: None) -> Path:
        contents = {name: yaml.safe_load((ROOT / name).read_text()) for name in ("params.yaml", "profiles/smoke.yaml")}
        contents["params.yaml"]["profile"] = "smoke"
        params(contents["params.yaml"])
        profile(contents["profiles/smoke.yaml"])
        for name, content in contents.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(content))
        return tmp_path

    return write


@dataclass(frozen=True, kw_only=True)
class ImageSettings(settings.StageSettings):
    image: settings.Image


@dataclass(frozen=True, kw_only=True)
class AssetSettings(settings.StageSettings):
    assets: settings.Assets


@dataclass(frozen=True, kw_only=True)
class VariantSettings(ImageSettings):
    em: settings.EM
    training_seed: Annotated[int, settings.Key("seeds.training")]
    variant: Annotated[settings.Variant, settings.Key("variants.{name}")]


def message(root: Path, kind: type[settings.StageSettings] = ImageSettings, name: str = "") -> str:
    with pytest.raises(FocusError) as caught:
        settings.load(kind, name, root)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("name", PROFILES)
def test_shipped_profiles_are_valid(name):
    """A shipped profile would be refused, or its comment-only anchors would be read as settings."""
    assert settings.read_profile(name, ROOT).image.side > 0


def test_profiles_of_the_three_scales_are_there():
    """The test above would run over nothing."""
    assert {"demo", "paper", "smoke"} <= set(PROFILES)


def test_shipped_params_are_valid():
    """The shipped params.yaml would be refused, or name a variant that is not there."""
    params = settings.read_params(ROOT)
    starts = {"initialise", "pretrain", *params.variants}
    assert {variant.start for variant in params.variants.values()} <= starts
    assert {plan.variant for plan in params.corrected.values()} <= set(params.variants)
    assert params.ablation.variant in params.variants
    assert params.profile in PROFILES


def test_paper_profile_has_the_papers_sizes():
    """The paper's scale would not be the paper's."""
    paper = settings.read_profile("paper", ROOT)
    model = paper.face_model
    assert (paper.image.side, model.shape, model.expression, model.albedo) == (224, 80, 64, 80)
    assert (paper.encoder.architecture, paper.segmentation.width, paper.recogniser.side) == ("resnet50", 64, 112)


def test_a_class_says_what_is_read():
    """A stage could read settings that dvc.yaml does not track for it, or those of another variant or seed."""
    found = settings.load(VariantSettings, "FOCUS", ROOT)
    params, profile = settings.read_params(ROOT), settings.read_profile(settings.read_params(ROOT).profile, ROOT)
    assert settings.sections_of(VariantSettings) == ["compute", "image", "em"]
    assert settings.keys_of(VariantSettings) == {"training_seed": "seeds.training", "variant": "variants.{name}"}
    assert found.em == profile.em and found.variant == params.variants["FOCUS"]
    assert found.training_seed == params.seeds.training


def test_settings_cannot_be_changed():
    """A stage could change its settings under the hand of another part."""
    found = settings.load(ImageSettings, "", ROOT)
    with pytest.raises(ValidationError):
        found.image.side = 3
    with pytest.raises(FrozenInstanceError):
        found.image = None


def test_missing_key(project):
    """A missing key would be filled in silently, or end in a traceback."""
    assert "profiles/smoke.yaml: training.batch: Field required" in message(
        project(profile=lambda content: content["training"].pop("batch"))
    )


def test_mistyped_key(project):
    """A misspelt key would be ignored, and another value used."""

    def misspell(content):
        content["training"]["batchs"] = content["training"]["batch"]

    assert "profiles/smoke.yaml: training.batchs: Extra inputs" in message(project(profile=misspell))

    def rename(content):
        content["training"]["batchs"] = content["training"].pop("batch")

    assert "training.batch" in message(project(profile=rename))


def test_mistyped_key_in_params(project):
    """A misspelt switch of the method would be ignored."""
    found = message(project(params=lambda content: content["method"]["forms"].update(areaa="paper")))
    assert "params.yaml: method.forms.areaa: no such loss term, expected one of pixel, landmarks" in found


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("training", "batch", "many"),
        ("training", "batch", 0),
        ("training", "batch", 2.5),
        ("training", "batch", None),
        ("training", "batch", True),  # which Python counts among its integers
        ("initialise", "xi", True),
        ("assets", "bfm", ""),  # which is the folder where one stands
        ("losses", "neighbourhood", -1),
        ("losses", "neighbourhood", 1.5),
        ("adaptation", "lr_share", 1.5),
        ("encoder", "architecture", "resnet18"),
        ("encoder", "width", 4),  # crashes on some CPUs: settings/base.py
        ("initialise", "xi", [1]),
    ],
)
def test_wrong_value(project, section, key, value):
    """A value of a wrong type or out of range would reach a training."""
    found = message(project(profile=lambda content: content[section].update({key: value})))
    assert f"profiles/smoke.yaml: {section}.{key}: " in found and f"found {value!r}" in found


@pytest.mark.parametrize(
    ("step", "term", "weight"), [("initialise", "pixel", -1.0), ("segmentation", "landmarks", 1.0)]
)
def test_wrong_weight(project, step, term, weight):
    """A negative weight, or one of a term that such steps do not have, would pass."""
    found = message(project(profile=lambda content: content["losses"][step].update({term: weight})))
    assert f"profiles/smoke.yaml: losses.{step}.{term}" in found


def test_unknown_term_of_a_variant(project):
    """A variant with a misspelt loss term would train without it."""
    found = message(project(params=lambda content: content["variants"]["FOCUS"].update(segmentation=["neighbor"])))
    assert "params.yaml: variants.FOCUS.segmentation.0: " in found and "neighbor" in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"segmentation": []}, "variants.FOCUS.segmentation: found no terms"),
        ({"training_mask": "none"}, "variants.FOCUS.training_mask"),
        ({"test_mask": "ground_truth"}, "variants.FOCUS.test_mask"),
    ],
)
def test_a_variant_that_cannot_run(project, change, said):
    """It would be found out by a traceback, hours later."""
    assert said in message(project(params=lambda content: content["variants"]["FOCUS"].update(change)))


def test_a_dot_in_a_variants_name(project):
    """DVC would take the name for two levels of keys, and say that the parameter is missing."""

    def add(content):
        content["variants"]["eta-0.5"] = content["variants"]["FOCUS"]

    assert "variants.eta-0.5" in message(project(params=add))


def test_layers_without_widths(project):
    """F would end in a traceback when it is built."""
    found = message(project(profile=lambda content: content["recogniser"].update(widths=[8, 8])))
    assert "profiles/smoke.yaml: recogniser.widths: found 2, expected one for each of 4 layers" in found


def test_unknown_profile(project):
    """A misspelt profile would end in a traceback."""
    found = message(project(params=lambda content: content.update(profile="demoo")))
    assert "profiles/demoo.yaml: no such file" in found


@pytest.mark.parametrize("name", ["../smoke", "", 3])
def test_profile_is_a_name(project, name):
    """A profile could be read from outside profiles/."""
    assert "params.yaml: profile: " in message(project(params=lambda content: content.update(profile=name)))


def test_unknown_variant(project):
    """A stage of a variant that is not in params.yaml would end in a traceback."""
    found = message(project(), VariantSettings, "FOCUSS")
    assert "params.yaml: variants: found no entry 'FOCUSS', expected one of " in found and "FOCUS" in found


@pytest.mark.parametrize(
    "text", ["a: [1\nb: 2", "a: \t- x: :", "when: 2024-13-45", "!!python/object:os.system {}", "\udcff", "a: &x *y"]
)
def test_broken_yaml(project, text):
    """A broken file would end in a traceback, or run what it names."""
    root = project()
    (root / "params.yaml").write_bytes(text.encode(errors="surrogateescape"))
    found = message(root)
    assert "params.yaml: not valid YAML" in found


def test_ablation_of_a_corrected_variant(project):
    """The shipped model's stage would look for networks that FOCUS-MP does not have."""
    root = project(params=lambda content: content["ablation"].update(variant="FOCUS-MP"))
    found = message(root)
    assert "params.yaml: ablation.variant: found" in found and "FOCUS-MP" in found


def test_yaml_with_a_byte_order_mark(tmp_path):
    """Settings that Notepad saved would have another first key."""
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": 1}


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_yaml_that_is_no_mapping(project, text):
    """An emptied file would end in a traceback."""
    root = project()
    (root / "params.yaml").write_text(text)
    assert "params.yaml: (top level): " in message(root)


def test_missing_params(tmp_path):
    """A stage started in another folder would end in a traceback."""
    assert "params.yaml: no such file" in message(tmp_path)


@pytest.mark.parametrize("asset", ["bfm", "celeba_hq", "ar", "now", "arcface", "resnet50"])
def test_licensed_assets_need_a_private_remote(project, asset):
    """`dvc push` could publish what was made of licensed files."""

    def give(content):
        content["assets"][asset] = "/licensed/file"

    found = message(project(profile=give))
    assert "params.yaml: remote: found shared, expected private" in found
    root = project(params=lambda content: content.update(remote="private"), profile=give)
    assert getattr(settings.load(AssetSettings, "", root).assets, asset) == Path("/licensed/file")


def test_form_follows_the_preset_unless_named():
    """method.preset, or one form beside it, would have no effect."""
    method = settings.read_params(ROOT).method
    assert method.form("area") == "released"
    paper = method.model_copy(update={"preset": "paper"})
    assert paper.form("area") == "paper"
    named = paper.model_copy(update={"forms": method.forms | {"area": "released"}})
    assert (named.form("area"), named.form("pixel")) == ("released", "paper")
    assert method.form("area", ["area"]) == "paper" and named.form("area", ["area"]) == "released"


def test_profile_paper_alone_is_the_release_and_one_switch_the_paper():
    """A user would need to know further switches, and train neither the one method nor the other."""

    def read(preset: str) -> tuple:
        params = settings.read_params(ROOT)
        params = params.model_copy(update={"method": params.method.model_copy(update={"preset": preset})})
        found = settings.select(Initialise, settings.read_profile("paper", ROOT), params)
        pretrain = settings.select(Pretrain, settings.read_profile("paper", ROOT), params)
        evaluate = settings.select(Evaluate, settings.read_profile("paper", ROOT), params, "FOCUS")
        forms = {found.method.form(term, found.losses.paper_forms) for term in (each.name for each in SWITCHES)}
        weights = found.losses
        return (
            *(forms, found.method.reduced, weights.mask_gradient),
            *(weights.segmentation["preservation"], weights.reconstruction["area"]),
            *(found.initialise.xi, pretrain.pretrain.xi, evaluate.mask_scores.masks),
        )

    assert read("released") == ({"released"}, "mean", True, 0.25, 0.06, 0.016641, 0.016641, "soft")
    assert read("paper") == ({"paper"}, "sum", False, 2.5, 0.0, 0.17, 0.17, "rounded")


@pytest.mark.parametrize(("shared", "own", "preservation"), [("released", "paper", 2.5), ("paper", "released", 0.25)])
def test_a_variants_own_preset_takes_the_printed_values_along(shared, own, preservation):
    """One variant as printed would have the paper's equations with the release's weights."""
    params = settings.read_params(ROOT)
    variants = params.variants | {"Own": params.variants["FOCUS"].model_copy(update={"preset": own})}
    method = params.method.model_copy(update={"preset": shared})
    params = params.model_copy(update={"variants": variants, "method": method})
    profile = settings.read_profile("paper", ROOT)
    found = {name: settings.select(Train, profile, params, name).losses.segmentation for name in ("Own", "FOCUS")}
    assert found["Own"]["preservation"] == preservation
    assert found["FOCUS"]["preservation"] == 2.75 - preservation


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ({"mask_gradeint": True}, "losses.mask_gradeint"),
        ({"segmentation": {"preservation": -1}}, "losses.segmentation.preservation"),
    ],
)
def test_printed_values_are_checked(project, printed, expected):
    """A misspelt or impossible value would come to light when the paper's reading is run."""
    found = message(project(profile=lambda content: content["losses"].update(printed=printed)))
    assert expected in found


def test_json_schemas():
    """Editors would get no schema, or one without descriptions of units."""
    schemas = settings.json_schemas()
    assert set(schemas) == {"params", "profile"}
    assert schemas["profile"]["additionalProperties"] is False
    assert schemas["profile"]["$defs"]["Image"]["properties"]["side"]["description"].endswith("px")


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "profile: " + "{a: " * 5000, "- " * 20_000 + "x", "? [a]\n: 1\n", "? {a: 1}\n: [2]\n"]
)
def test_endless_brackets_and_strange_keys(tmp_path, text):
    """A hostile file would hang or crash the YAML reader, or end in a traceback."""
    (tmp_path / "params.yaml").write_text(text)
    assert "params.yaml" in message(tmp_path)


def test_aliases_of_aliases(tmp_path):
    """A few lines of YAML would print a message of gigabytes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 12)]
    (tmp_path / "params.yaml").write_text("\n".join([*lines, "profile: *a11", ""]))
    assert len(message(tmp_path)) < 300


def test_merges_of_merges(tmp_path):
    """A few lines of YAML would keep a stage busy for hours."""
    lines = ["a0: &a0 {" + ", ".join(f"k{n}: 0" for n in range(9)) + "}"]
    lines += [f"a{k}: &a{k} {{<<: [{', '.join([f'*a{k - 1}'] * 9)}]}}" for k in range(1, 12)]
    (tmp_path / "params.yaml").write_text("\n".join(lines))
    assert "found more than 100000 values" in message(tmp_path)


@pytest.mark.parametrize("content", ["a: 1\nb: {c: 1, c: 2}\n", "a: 1\n'a': 2\n", "- x\n- {true: 1, true: 1}\n"])
def test_a_key_twice(tmp_path, content):
    """The first of two values would be lost without a word: a variant copied and not renamed."""
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(FocusError, match=r"a\.yaml: line [12]: found '\w+' twice in one mapping"):
        read_yaml(tmp_path / "a.yaml")


def test_a_merged_key_is_no_key_twice(tmp_path):
    """A variant could not change what it takes from another."""
    (tmp_path / "a.yaml").write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n")
    assert read_yaml(tmp_path / "a.yaml")["b"] == {"x": 3, "y": 2}


@pytest.mark.parametrize("value", ["yes", "No", "on", "060", "-07", "1:30", "1_000", "1_0.5", "190:20:30.15"])
def test_a_value_that_dvc_reads_differently(tmp_path, value):
    """A stage would run with another value than `dvc params diff` shows."""
    (tmp_path / "a.yaml").write_text(f"a: {value}\n")
    with pytest.raises(FocusError, match=rf"a\.yaml: line 1: found {value}, which DVC reads differently"):
        read_yaml(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    "value", ["'yes'", "0", "-0", "0.5", "-0.25", "10", "1.5e-3", "true", "on_hold", "1e5", "2:1 crop"]
)
def test_a_value_that_everybody_reads_alike(tmp_path, value):
    """A plain number or word would be refused."""
    (tmp_path / "a.yaml").write_text(f"a: {value}\n")
    assert read_yaml(tmp_path / "a.yaml").keys() == {"a"}


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_a_pipe_is_not_read(tmp_path, read):
    """A stage would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FocusError, match="found a pipe"):
        read(tmp_path / "pipe")


def test_yaml_runs_nothing(tmp_path):
    """A file from elsewhere could run code."""
    (tmp_path / "params.yaml").write_text(f"!!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n")
    assert "not valid YAML" in message(tmp_path) and not (tmp_path / "made").exists()


def leaves(content: dict, prefix: str = "") -> dict[str, object]:
    """Return the values of a nested mapping by dotted key."""
    found: dict[str, object] = {}
    for key, value in content.items():
        found |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def test_paper_short_is_a_tenth_of_the_papers_schedule_and_else_the_same():
    """The two would drift apart, and a short run would say nothing about the long one."""
    paper, short = (leaves(settings.read_profile(name, ROOT).model_dump()) for name in ("paper", "paper-short"))
    different = {key for key in paper if short[key] != paper[key]}
    assert {key.rpartition("_")[2].rpartition(".")[2] for key in different} == {"steps", "every", "warmup", "start"}
    assert all(short[key] * 10 == pytest.approx(paper[key], rel=1e-3) for key in different)  # turns of 5,001 and 24,999
    assert {key for key in paper if key.endswith("steps")} <= different


@pytest.mark.parametrize("keys", [("training", "batch"), ("recogniser", "batch"), ("synthetic", "count")])
def test_batches_of_one_image(project, keys):
    """Batch norm would end the first step in torch's traceback."""
    section, key = keys

    def change(profile):
        profile[section][key] = 1

    root = project(profile=change)
    with pytest.raises(FocusError, match=rf"{section}\.{key}.*1"):
        settings.read_profile("smoke", root)
