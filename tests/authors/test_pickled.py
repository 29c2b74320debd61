"""A whole pickled module is read without its classes, and a hostile or damaged one is a line."""

from __future__ import annotations

import os
import pickle
import zipfile

import pytest
import torch

from focus.authors.pickled import MOST_MODULES, read_module
from focus.errors import FocusError
from pickled_modules import ENCODER, Call, class_of, pickled, pickled_module, tensor, write_module, write_zip

STATE = {
    "vgg.conv1.weight": torch.arange(6.0).reshape(2, 3),
    "vgg.bn1.running_mean": torch.ones(2),
    "vgg.bn1.num_batches_tracked": torch.tensor(7),
}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "net.model"


def refused(path) -> str:
    with pytest.raises(FocusError) as caught:
        read_module(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ") and "\n" not in text and len(text) < 400
    assert "weights_only" not in text  # torch's advice, to load the file all the same
    return text


def test_round_trip(file):
    """Weights would get lost, change, or come under other names."""
    module = read_module(write_module(file, ENCODER, STATE))
    assert module.kind == ENCODER and module.state.keys() == STATE.keys()
    assert all(torch.equal(value, STATE[name]) for name, value in module.state.items())


def test_the_classes_need_not_exist(file):
    """Reading would import torchvision or the authors' code, and so run it."""
    write_module(file, ENCODER, STATE)
    with pytest.raises(ImportError):
        __import__("encoder.encoder")
    read_module(file)


def test_half_precision_and_views(file):
    """Weights of another precision, or stored as views, would be refused or torn."""
    wide = torch.arange(12.0).reshape(3, 4)
    module = read_module(write_module(file, ENCODER, {"a": wide.half(), "b": wide.t()}))
    assert module.state["a"].dtype == torch.float32 and torch.equal(module.state["a"], wide)
    assert torch.equal(module.state["b"], wide.t()) and module.state["b"].is_contiguous()


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:7", "mps"])
def test_saved_from_a_gpu(file, device):
    """The authors' files, trained on a GPU, could not be read on a machine without one."""
    content = pickled_module({"weight": tensor(4, (2, 2), (2, 1), device)})
    assert device.encode() in content
    found = read_module(write_zip(file, content, torch.arange(4.0).numpy().tobytes())).state["weight"]
    assert found.device.type == "cpu" and found.tolist() == [[0, 1], [2, 3]]


def parallel(network: torch.nn.Module) -> torch.nn.Module:
    """Return a network as torch puts it on several GPUs."""
    found = torch.nn.DataParallel(network)
    vars(found).update(dim=0, device_ids=[0, 1], output_device=0, src_device_obj=torch.device("cuda:0"))
    return found


def test_within_a_data_parallel(file):
    """Networks that were trained on several GPUs would be refused, or their names begin with `module.`."""
    module = read_module(write_module(file, ENCODER, STATE, parallel))
    assert module.kind == ENCODER and module.state.keys() == STATE.keys()
    with class_of(ENCODER, torch.nn.Module) as kind:
        for given in (parallel(parallel(kind())), parallel(torch.nn.Identity())):
            torch.save(given, file)
            assert read_module(file).kind != ENCODER  # which the encoder's and the U-Net's reader then refuse
    empty = parallel(torch.nn.Identity())
    del empty._modules["module"]
    torch.save(empty, file)
    assert "found a DataParallel around NoneType" in refused(file)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(file, dtype):
    """Weights of another precision would be refused, or make a network that no image fits."""
    state = {name: value.to(dtype) if value.is_floating_point() else value for name, value in STATE.items()}
    found = read_module(write_module(file, ENCODER, state)).state
    assert all(torch.equal(found[name], STATE[name]) and found[name].dtype == STATE[name].dtype for name in STATE)


def test_what_is_no_weight(file):
    """Quantised weights without their scale, or numbers beyond float32, would be taken for weights."""
    for value, reason in (
        (torch.arange(4), "found torch.int64 (4,), expected floating-point"),
        (torch.ones(2, 2, dtype=torch.bool), "found torch.bool (2, 2), expected floating-point"),
        (torch.full((2,), 1e300, dtype=torch.float64), "values that are not finite"),
        (torch.ones(2, dtype=torch.complex64), "found Tensor, expected a plain tensor"),
    ):
        assert reason in refused(write_module(file, ENCODER, {"running_mean": value}))


@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "posix.system"), (eval, "__builtin__.eval"), (getattr, "__builtin__.getattr"),
     (torch.load, "torch.serialization.load"), (torch.hub.load, "torch.hub.load")],
)  # fmt: skip
def test_calls_are_refused_by_name(file, function, name):
    """A stranger's file would run a command, alone or inside a network."""
    ran = file.with_name("ran")
    for content in (
        pickled(Call(function, f"touch {ran}")),
        pickled_module({"weight": Call(function, f"touch {ran}")}),
    ):
        assert f"names '{name}'" in refused(write_zip(file, content))
    assert not ran.exists()


def test_a_call_of_what_is_known(file):
    """A known class or builder would be called with other things than it takes, and end in a traceback."""
    for value in (Call(torch._utils._rebuild_tensor_v2, "os"), Call(torch._utils._rebuild_parameter, 1, 2)):
        assert "nothing was run" in refused(write_zip(file, pickled_module({"weight": value})))


@pytest.mark.parametrize("protocol", [4, 5])
def test_hidden_names(file, protocol):
    """STACK_GLOBAL takes its name from the stack, where no scan sees it."""
    ran = file.with_name("ran")
    content = pickled(Call(os.system, f"touch {ran}"), protocol)
    assert b"\x93" in content
    assert "found STACK_GLOBAL" in refused(write_zip(file, content))
    assert "found INST" in refused(write_zip(file, f"(S'touch {ran}'\nios\nsystem\n.".encode()))
    assert not ran.exists()


def test_raw_pickle(file):
    """A plain pickle, or the form of torch before 1.6, would be unpickled."""
    ran = file.with_name("ran")
    file.write_bytes(pickle.dumps(Call(os.system, f"touch {ran}"), 2))
    assert "not a whole zip" in refused(file)
    write_module(file, ENCODER, STATE, _use_new_zipfile_serialization=False)
    assert "a file of torch before 1.6" in refused(file)
    assert not ran.exists()


def test_claims_beyond_the_file(file):
    """A file of some bytes would take all the memory."""
    huge = 10**12
    for value, reason in (
        (tensor(huge, (huge,), (1,)), "not a whole pickled module"),  # a storage larger than its entry
        (tensor(4, (huge,), (1,)), "not a whole pickled module"),  # a tensor larger than its storage
        (tensor(4, (10**9, 10**9), (0, 0)), "more than the file holds"),  # one number, repeated
        (tensor(4, (20000,), (0,)), "more than the file holds"),
    ):
        assert reason in refused(write_zip(file, pickled_module({"weight": value})))
    many = {f"w{i}": tensor(4, (4,), (1,)) for i in range(4)}
    assert len(read_module(write_zip(file, pickled_module(many))).state) == 4


def test_compressed(file):
    """Some kilobytes would unfold to gigabytes."""
    write_zip(file, pickled_module({"w": tensor(4, (4,), (1,))}), b"\0" * 10**6, zipfile.ZIP_DEFLATED)
    assert "without compression" in refused(file)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_truncated(file, share):
    """A copy that broke off would end in a traceback, or give some of the weights."""
    write_module(file, ENCODER, STATE)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    assert "not a whole zip" in refused(file)


def test_damaged(file):
    """Flipped bytes would end in a traceback or in other weights, unseen."""
    write_module(file, ENCODER, STATE)
    content = file.read_bytes()
    for place in range(0, len(content), 97):
        file.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            found = read_module(file)
        except FocusError as error:
            assert "\n" not in str(error)
        else:
            assert found.state.keys() == STATE.keys() or len(found.state) <= len(STATE)


def test_other_contents(file, tmp_path):
    """A state dict, a list or a folder given by mistake would be no clear line."""
    assert "no such file" in refused(tmp_path / "none.model")
    assert "no such file" in refused(tmp_path)
    torch.save(STATE, file)
    assert "found a pickled dict, expected a whole module" in refused(file)
    file.write_bytes(b"")
    assert "not a whole zip" in refused(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "found no data.pkl" in refused(file)


def test_made_otherwise(file):
    """What is no module of torch's making would be half read."""
    write = lambda state: write_zip(file, pickled_module(state))  # noqa: E731
    assert "weight: found str, expected a plain tensor" in refused(write({"weight": "none"}))
    assert "expected named parts" in refused(write({"a.b": tensor(4, (4,), (1,))}))
    assert "expected named parts" in refused(write({3: tensor(4, (4,), (1,))}))
    nan = write_zip(file, pickled_module({"w": tensor(4, (4,), (1,))}), b"\0\0\xc0\x7f" * 4)
    assert "values that are not finite" in refused(nan)


def test_a_module_inside_itself(file):
    """The walk would have no end."""
    with class_of(ENCODER, object) as kind:
        network = kind()
        network.__dict__.update(_parameters={}, _buffers={}, _modules={"again": network})
        write_zip(file, pickled(network))
    assert f"more than {MOST_MODULES} modules" in refused(file)
