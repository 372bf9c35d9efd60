"""What our code uses of TensorRT and pycuda is in the real bindings, and is called as they want.

`tensorrt_api/` holds what `python -m tools.bindings` saw in NVIDIA's wheels of the bindings 10.16
and 11.4, and in pycuda 2026.1 built against a libcuda that does nothing.
"""

import json
import re
from pathlib import Path

import pytest

from tools.bindings.seen import seen
from tools.bindings.used import PYCUDA, TENSORRT, Call, calls, names, overrides, strangers

SEEN = Path(__file__).parent / "tensorrt_api"
REAL = {
    "tensorrt_cu13_bindings-11.4.0.106": TENSORRT,
    "tensorrt_cu13_bindings-10.16.1.11": TENSORRT,
    "pycuda-2026.1": PYCUDA,
}
CORE = {
    "Builder.build_serialized_network",
    "IExecutionContext.execute_async_v3",
    "IExecutionContext.set_device_memory",
    "Runtime.deserialize_cuda_engine",
}


def read(package):
    return json.loads((SEEN / f"{package}.json").read_text())["names"]


def parameters(signature):
    """Return the names of what a function takes, and how many of them it insists on."""
    inside = signature[signature.index("(") + 1 : signature.rindex(") ->")]
    insisted = re.sub(r"\[.*", "", inside) if "( " in signature else inside  # Boost's brackets
    told = [one for one in split(inside.replace("[", "").replace("]", "")) if one]
    plain = [one for one in split(insisted) if one and "=" not in one]
    return [re.sub(r"^\(\w+\)|[:=].*", "", one).strip() for one in told], len(plain)


def split(text):
    """Return the parts between commas that are in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([<{") - (letter in ")]>}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def fits(call, signature):
    """Return whether a call is one that the signature allows; what it is called on counts too."""
    takes, insists = parameters(signature)
    is_bound = bool(takes) and takes[0] in {"self", "arg1"} and "." in call.name
    is_made = bool(takes) and takes[0] in {"self", "arg1"} and signature.startswith("__init__")
    given = call.places + (1 if is_bound or is_made else 0)
    by_name = set(call.keywords) <= set(takes[given:])
    return by_name and insists <= given + len(call.keywords) <= len(takes)


@pytest.mark.parametrize("package", REAL)
def test_all_that_is_used_is_there(package):
    found, used = read(package), names(REAL[package])

    assert found.keys() == used, "run python -m tools.bindings again"
    assert [name for name, signatures in found.items() if signatures is None] == []


@pytest.mark.parametrize("package", REAL)
def test_all_that_is_called_is_called_as_the_bindings_want(package):
    found = read(package)

    called = calls(REAL[package])

    assert {call.name for call in called} <= found.keys()
    wrong = [call for call in called if not any(fits(call, one) for one in found[call.name])]
    assert wrong == []


@pytest.mark.parametrize("package", [one for one in REAL if one.startswith("tensorrt")])
def test_what_is_overridden_is_asked_with_as_many_arguments(package):
    found = read(package)

    ours = dict(overrides(TENSORRT))

    assert len(ours) == 4
    for name, takes in ours.items():
        (theirs,) = found[name]
        assert len(parameters(theirs)[0]) - 1 == takes, name


def test_the_heart_of_it_is_among_what_is_looked_for():
    assert names(TENSORRT) >= CORE


def test_no_object_of_tensorrts_is_overlooked():
    """A new variable must be said to be of one of TensorRT's classes, or ours: tools.bindings."""
    assert strangers(TENSORRT) == set()


def test_the_library_that_is_installed_has_it_too():
    found = seen("tensorrt_rtx", sorted(names(TENSORRT)))

    assert [name for name, signatures in found.items() if signatures is None] == []


def test_what_is_not_there_is_seen_to_be_missing():
    assert seen("tensorrt_rtx", ["BuilderFlag.FP16", "BuilderFlag.TF32"]) == {
        "BuilderFlag.FP16": None,
        "BuilderFlag.TF32": [],
    }


@pytest.mark.parametrize(
    ("call", "signature"),
    [
        (Call("K.f", 1), "f(self: K) -> None"),
        (Call("K.f", 0), "f(self: K, a: int) -> None"),
        (Call("K.f", 1, ("b",)), "f(self: K, a: int) -> None"),
        (Call("K.f", 1), "f(self: K, a: tuple[int, int], b: str) -> int"),
        (Call("f", 3), "f( (object)a [, (object)b=None]) -> None"),
    ],
)
def test_a_call_that_does_not_fit_is_seen_not_to(call, signature):
    assert not fits(call, signature)


@pytest.mark.parametrize(
    ("call", "signature"),
    [
        (Call("K.f", 1), "f(self: K, a: tuple[int, int], b: str = '') -> int"),
        (Call("K.f", 1, ("b",)), "f(self: K, a: int, b: bool) -> bool"),
        (Call("K", 1), "__init__(self: K, a: int) -> None"),
        (Call("f", 2), "f( (object)a [, (object)b=None [, (int)c=0]]) -> None"),
        (Call("K.f", 1), "f( (K)arg1 [, (object)b=None]) -> None"),
        (Call("K.f", 0), "f() -> None"),
    ],
)
def test_a_call_that_fits_is_seen_to(call, signature):
    assert fits(call, signature)
