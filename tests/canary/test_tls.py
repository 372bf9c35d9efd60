"""Canaries through a DICOM port that speaks TLS: from this node to itself, as a modality would."""

import re

import pytest
from authority import Authority
from peers.programs import until

from service.checkup import Checkup
from service.ledger.canary import Phase
from service.parts import Parts

OWN = "mammo.example.org"


@pytest.fixture
def ca(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def secured(line, ca):
    """Return a way to let the node, of which nothing runs yet, speak TLS by those settings."""
    ours = ca.issue(OWN)

    def secure(**chosen):
        settings = line.parts.settings
        tls = {"tls_cert": str(ours.cert), "tls_key": str(ours.key), **chosen}
        dicom = settings.dicom.model_copy(update=tls)
        line.parts = Parts(settings.model_copy(update={"dicom": dicom}))
        line.listen()
        line.route()
        line.work()
        line.deliver()
        return line

    return secure


def fared(line, seconds=60):
    run = line.canary(seconds).run("check")
    return run.phase, run.reason


def test_a_canary_comes_through_a_port_that_speaks_tls(secured):
    line = secured()

    assert fared(line) == (Phase.NONE, "")
    assert line.parts.ledger.refusals() == []


def test_a_canary_shows_a_certificate_where_one_is_wanted(secured, ca):
    line = secured(tls_ca=str(ca.file))

    assert fared(line) == (Phase.NONE, "")


def test_a_canary_is_known_by_its_certificate_where_names_are_bound_to_them(secured, ca):
    line = secured(tls_ca=str(ca.file), tls_names={"SENOSCOPE_CANARY": (OWN,)})

    assert fared(line) == (Phase.NONE, "")


def test_a_canary_whose_name_is_bound_to_another_certificate_says_so(secured, ca):
    line = secured(tls_ca=str(ca.file), tls_names={"SENOSCOPE_CANARY": ("ct.example.org",)})

    phase, reason = fared(line)

    assert phase is Phase.ASSOCIATION
    assert "calling ae title not recognised" in reason


def test_a_canary_that_the_authority_does_not_vouch_for_says_so(secured, tmp_path):
    (tmp_path / "others").mkdir()
    line = secured(tls_ca=str(Authority(tmp_path / "others").file))

    phase, reason = fared(line)

    assert phase is Phase.ASSOCIATION
    assert re.search("TLS|certificate", reason)


def test_a_check_of_a_node_that_wants_certificates_finds_it_well(secured, ca):
    line = secured(tls_ca=str(ca.file))
    until(line.parts.ledger.workers, 60)

    found = {one.name: one for one in Checkup(line.parts).run()}

    assert [name for name, one in found.items() if not one.ok] == ["destination pacs"], found
    assert "mutual" in found["dicom tls"].detail
