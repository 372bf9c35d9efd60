import json
from pathlib import Path
from socket import gethostname

import numpy as np
import pytest
from networks_of_chance import shelve
from phantoms import written_phantoms
from PIL import Image
from typer.testing import CliRunner

from engines.architectures import ARCHITECTURES
from service.cli.app import app
from service.errors import RefusedError, UnknownError
from service.opening import open_ledger
from service.settings import packaged_models


@pytest.fixture
def place(tmp_path):
    """A deployment with one small model of its own."""
    shelve(tmp_path / "models")
    (tmp_path / "senoscope.toml").write_text("")
    return tmp_path


@pytest.fixture
def engines(place):
    def run(*arguments):
        asked = ["engines", *map(str, arguments), "--config", str(place / "senoscope.toml")]
        ran = CliRunner().invoke(app, asked)
        if ran.exception and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return ran.stdout

    return run


def fared(told):
    return {(one["model"], one["backend"]): one for one in json.loads(told)}


def test_models_networks_and_back_ends_are_listed_with_their_state(engines):
    shipped = [folder.name for folder in packaged_models().iterdir()]

    told = json.loads(engines("list", "--json"))

    assert {one["model"]: one["state"] for one in told["models"]} == {
        "chance": "ok",
        **dict.fromkeys(shipped, "ok"),
    }
    assert [one["network"] for one in told["networks"]] == list(ARCHITECTURES)
    states = {one["network"]: one["state"] for one in told["networks"]}
    assert (states["fsrcnn-x2"], states["vgg16"]) == ("on the shelf", "no weights")
    back_ends = {(one["back_end"], one["device"]): one for one in told["back_ends"]}
    assert back_ends["openvino", "cpu"]["state"] == "ready"
    assert back_ends["tensorrt-rtx", "cpu"]["state"] == "ready"
    assert all(one["why"] for one in told["back_ends"])


def test_what_a_verification_found_is_kept_for_the_console(engines, place):
    engines("verify", "chance", "--device", "cpu")

    ledger = open_ledger(place / "senoscope.toml")
    found = {one.backend: one for one in ledger.verifications()}
    assert found["openvino-fp32"].state == "passed"
    assert found["openvino-fp32"].psnr > 60
    assert {(one.model, one.device, one.host) for one in found.values()} == {
        ("chance", "cpu", gethostname())
    }
    ledger.close()


def test_a_list_for_people_holds_every_network(engines):
    told = engines("list")

    assert all(name in told for name in ARCHITECTURES)
    assert "31,030,593" in told


def test_a_model_is_verified_on_every_back_end_and_the_list_tells(engines):
    found = fared(engines("verify", "chance", "--device", "cpu", "--json"))

    assert found["chance", "openvino-fp32"]["state"] == "passed"
    assert found["chance", "openvino-fp32"]["verification"]["windows"] == 2
    (model,) = (
        m for m in json.loads(engines("list", "--json"))["models"] if m["model"] == "chance"
    )
    assert any(told.startswith("openvino-fp32: passed, ") for told in model["engines"])


@pytest.mark.timeout(1800)  # 15 networks, of up to 43 million weights
def test_every_network_passes_on_this_cpu(engines):
    found = fared(engines("verify", "--all", "--device", "cpu", "--json"))

    shipped = {folder.name for folder in packaged_models().iterdir()}
    assert {model for model, _ in found} == {*ARCHITECTURES, "chance", *shipped}
    for name in ARCHITECTURES:
        for backend in ("openvino-fp32", "onnxruntime-fp32", "torch-fp32"):
            assert found[name, backend]["state"] == "passed"
    assert {one["state"] for one in found.values()} <= {"passed", "not here"}
    reasons = {one["reason"] for one in found.values() if one["state"] == "not here"}
    assert reasons <= {"this CPU has no bf16", "this CPU has no fp16"}


def test_own_images_are_what_is_tried_on(engines, place):
    (folder := place / "study").mkdir()
    written_phantoms(folder)
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")

    found = fared(engines("verify", "chance", "--device", "cpu", "--images", folder, "--json"))

    assert found["chance", "openvino-fp32"]["state"] == "passed"


def test_images_that_are_none_are_refused(engines, place):
    (place / "nothing.txt").write_text("nothing")

    with pytest.raises(RefusedError, match=r"no grey image that can be read in .*nothing.txt"):
        engines("verify", "chance", "--images", place / "nothing.txt")


def damage_weights(folder):
    content = bytearray((folder / "weights.onnx").read_bytes())
    content[-1] ^= 1
    (folder / "weights.onnx").write_bytes(content)


def damage_card(folder):
    text = (folder / "card.toml").read_text()
    (folder / "card.toml").write_text(text.replace("tile = 48", "tile = 4"))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (damage_weights, r"chance.*weights\.onnx: sha256 is"),
        (
            damage_card,
            r"chance.*card\.toml: .*halo: leaves nothing of a tile of 4",
        ),
        (lambda folder: (folder / "card.toml").write_text("="), r"chance.*card\.toml is not TOML"),
        (lambda folder: (folder / "weights.onnx").unlink(), r"chance.*No such file"),
    ],
)
def test_what_is_damaged_is_refused_by_name_and_keeps_back_no_other(engines, place, damage, reason):
    damage(place / "models/chance/1")

    with pytest.raises(RefusedError, match=rf"1 failed: {reason}"):
        engines("verify", "chance", "fsrcnn-x2", "--device", "cpu")
    listed = CliRunner().invoke(
        app, ["engines", "list", "--json", "--config", str(place / "senoscope.toml")]
    )
    models = {one["model"]: one for one in json.loads(listed.stdout)["models"]}
    assert listed.exit_code == 1
    assert models["chance"]["state"] == "broken"
    assert models["fsrcnn-x2"]["engines"]


def test_plans_are_built_without_a_gpu_to_prove_that_they_can_be(engines, place):
    halved = (place / "models/chance/1/card.toml").read_text()
    halved = halved.replace('precisions = ["bf16", "fp32"]', 'precisions = ["fp16", "fp32"]')
    (place / "models/chance/1/card.toml").write_text(halved)

    told = json.loads(engines("build", "chance", "--device", "cpu", "--json"))
    again = json.loads(engines("build", "chance", "--device", "cpu", "--json"))
    anew = json.loads(engines("build", "chance", "--device", "cpu", "--again", "--json"))

    assert [(one["backend"], one["state"]) for one in told] == [
        ("tensorrt-fp16", "built"),
        ("tensorrt-fp32", "built"),
    ]
    assert {one["state"] for one in again} == {"was there"}
    assert {one["state"] for one in anew} == {"built"}
    (model,) = (
        m for m in json.loads(engines("list", "--json"))["models"] if m["model"] == "chance"
    )
    assert "tensorrt-fp32: not verified" in model["engines"]


def test_a_damaged_plan_is_refused_by_name(engines, place):
    engines("build", "chance", "--device", "cpu")
    (plan,) = (place / "data/plans/chance/1").glob("tensorrt-fp32-*.plan")
    plan.write_bytes(b"garbage")

    with pytest.raises(RefusedError, match=rf"1 failed: chance 1.*{plan.name}: has 7 bytes"):
        engines("verify", "chance", "--device", "cpu")


def test_without_a_gpu_a_build_says_what_can_be_done(engines):
    with pytest.raises(RefusedError, match=r"no NVIDIA GPU here.*--device cpu proves"):
        engines("build", "chance")


def test_back_ends_are_timed_in_turns(engines):
    timed = {one["backend"]: one for one in json.loads(engines("bench", "chance", "--json"))}

    assert timed["onnxruntime-fp32"]["ratio"] == 1
    assert timed["openvino-fp32"]["windows_per_second"] > 0


@pytest.mark.parametrize("command", ["verify", "build", "bench"])
def test_models_must_be_named(engines, command):
    with pytest.raises(RefusedError, match="which models"):
        engines(command, "--device", "cpu")
    with pytest.raises(
        UnknownError, match="no model or network 'fsrcn-x2'; did you mean 'fsrcnn-x2'"
    ):
        engines(command, "fsrcn-x2", "--device", "cpu")


def test_the_shipped_shelf_is_not_written_to(engines):
    before = sorted(path.name for path in Path(packaged_models()).rglob("*"))

    engines("verify", "fsrcnn-x2", "--device", "cpu")

    assert sorted(path.name for path in Path(packaged_models()).rglob("*")) == before


def test_a_device_that_is_not_there_is_a_failure(engines):
    with pytest.raises(RefusedError, match=r"1 could not be tried: chance .*: "):
        engines("verify", "chance", "--device", "cuda:0")
    with pytest.raises(RefusedError, match="nothing to time: chance "):
        engines("bench", "chance", "--device", "cuda:0")


def test_all_and_names_are_not_both_asked_for(engines):
    with pytest.raises(RefusedError, match=r"chance, or --all\? not both"):
        engines("verify", "chance", "--all")
