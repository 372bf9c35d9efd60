"""The page of models: what was measured of each, and how it fared where it was verified."""

from dataclasses import replace
from datetime import timedelta

import pytest
from consoles import served

from engines.shelf import find_card
from service.ledger.verifications import Verified
from service.settings import packaged_models

NEWEST = find_card([packaged_models()], "fsrcnn-x2").version


@pytest.fixture
def console(tmp_path):
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def outcome(console):
    card = find_card([packaged_models()], "fsrcnn-x2")
    return Verified(
        model=card.name,
        version=card.version,
        backend="openvino-bf16",
        device="cpu",
        host="gpu-host-1",
        weights=card.sha256,
        state="passed",
        reason="",
        psnr=61.25,
        maximum=0.0042,
        agreement=None,
        seconds=1.5,
        at=console.ledger.now(),
        release="senoscope 1.2.3",
    )


def part_of(page, model, version):
    """Return what the page says of that model."""
    title = f"<h2>{model} <small>{version}</small>"
    return next(part for part in page.split("<section") if title in part)


def test_a_model_that_was_verified_nowhere_says_so_and_how_to(console):
    part = part_of(console.signed_in("viewer").get("/models").text, "fsrcnn-x2", NEWEST)

    assert "Not verified here" in part
    assert "senoscope engines verify fsrcnn-x2" in part
    assert " rms" in part


def test_what_a_verification_found_is_on_the_page_with_host_time_and_tolerance(console, outcome):
    console.ledger.keep_verifications(
        [outcome, replace(outcome, backend="tensorrt-fp16", state="not here", reason="no GPU")]
    )

    part = part_of(console.signed_in("viewer").get("/models").text, "fsrcnn-x2", outcome.version)

    assert "cpu of gpu-host-1" in part
    assert "0.0042 at most, 61.2 dB" in part
    assert f"{outcome.at:%Y-%m-%d %H:%M:%S} UTC" in part
    assert "no GPU" in part
    assert "Not verified here" not in part


def test_the_last_outcome_of_a_host_counts_and_none_of_other_weights(console, outcome):
    later = replace(outcome, at=outcome.at + timedelta(hours=1), state="failed", reason="strays")
    altered = replace(outcome, backend="torch-fp32", weights="0" * 64)
    for one in (outcome, altered, later):
        console.ledger.keep_verifications([one])

    models = console.program("viewer").get("/api/v1/models").json()

    (told,) = [each for one in models for each in one["verified"]]
    assert (told["backend"], told["state"], told["reason"]) == ("openvino-bf16", "failed", "strays")
