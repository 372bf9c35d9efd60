"""From what the clinic writes about a destination to how it is served."""

import pytest
from authority import Authority
from peers.dcmtk import storescp

from service.delivery.peer import Peer
from service.delivery.stow import Stow
from service.destinations import served
from service.errors import UnavailableError
from service.router.routes import Destination


def test_a_destination_is_asked_only_what_it_is_written_to_be_asked(tmp_path):
    plain = {"ae_title": "PACS", "host": "pacs", "port": 104}

    usual = served(Destination(**plain), "US", tmp_path)
    asked = served(
        Destination(**plain, storage_commitment=True, find_after=True, associations=5),
        "US",
        tmp_path,
    )

    assert (usual.associations, usual.commits, usual.shows) == (2, None, None)
    assert (asked.associations, asked.commits, asked.shows) == (5, asked.target, asked.target)
    assert isinstance(usual.target, Peer)
    assert str(usual.target) == "PACS@pacs:104"


def test_the_files_of_a_destination_are_relative_to_the_settings(tmp_path):
    ca = Authority(tmp_path)
    theirs = ca.issue("pacs.example.org")
    with storescp(tmp_path / "pacs", "+tls", str(theirs.key), str(theirs.cert), "-ic") as pacs:
        there = Destination(
            ae_title="PACS", host="127.0.0.1", port=pacs.port, tls=True, tls_ca="ca.pem"
        )
        served(there, "US", tmp_path).target.echo()
        with pytest.raises(UnavailableError, match=r"elsewhere/ca\.pem: No such file"):
            served(there, "US", tmp_path / "elsewhere").target.echo()


def test_a_web_service_is_given_the_secret_of_its_file(tmp_path):
    (tmp_path / "token").write_text("geheim\n")
    (tmp_path / "password").write_text("geheim\n")
    url = {"stow_url": "https://pacs/studies"}

    token, basic, nothing = (
        served(Destination(**url, **secret), "US", tmp_path).target
        for secret in (
            {"stow_token_file": "token"},
            {"stow_user": "node", "stow_password_file": "password"},
            {},
        )
    )

    assert isinstance(token, Stow)
    assert token.authorization() == "Bearer geheim"
    assert basic.authorization() == "Basic bm9kZTpnZWhlaW0="
    assert nothing.authorization() == ""
    assert "geheim" not in f"{token} {token!r}"
