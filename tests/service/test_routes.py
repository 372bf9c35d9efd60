"""`routes.toml`: what is understood, what is refused and how it is named."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.errors import BadConfigurationError
from service.ledger.records import Priority
from service.networks import network
from service.router.conditions import Condition
from service.router.routes import Complete, Destination, Route
from service.router.routes_file import OwnDoor, RoutesFile, load_routes

GOOD = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = 11112

[[routes]]
name = "screening"
calling = ["MAMMO*"]
when = [
  { keyword = "Modality", any_of = ["MG"] },
  { keyword = "Rows", min = 256 },
]
complete = { views = ["RCC", "LCC"], quiet_s = 5 }
pipelines = ["super-resolution"]
send_to = ["pacs"]
priority = "urgent"

[[routes]]
name = "rest"
pipelines = ["super-resolution"]
send_to = ["pacs"]
"""
PIPELINES = {"super-resolution", "cad"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "routes.toml"


def refused(path, old: str, new: str) -> str:
    """Return what is said of the good file with `old` written as `new`."""
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(BadConfigurationError) as caught:
        load_routes(path, PIPELINES)
    return str(caught.value)


def test_each_caller_comes_with_the_networks_of_its_route(path):
    named = 'calling = ["MAMMO*"]\nnetworks = ["10.1.0.0/16", "10.2.0.5"]'
    path.write_text(GOOD.replace('calling = ["MAMMO*"]', named))

    callers = load_routes(path, PIPELINES).callers

    assert callers == (("MAMMO*", (network("10.1.0.0/16"), network("10.2.0.5"))), ("*", ()))


def test_a_network_that_is_none_is_refused_where_it_stands(path):
    told = refused(path, 'calling = ["MAMMO*"]', 'networks = ["mammo1.example.org"]')

    assert "routes.toml:8: routes.0.networks" in told
    assert "names are not looked up" in told


def test_what_is_left_out_has_a_default(path):
    path.write_text(GOOD)

    screening, rest = load_routes(path, PIPELINES).routes

    assert screening.lane is Priority.URGENT
    assert screening.complete.at_most_s == 900
    assert rest.calling == ("*",)
    assert rest.lane is Priority.ROUTINE
    assert rest.complete.quiet_s == 30


def test_who_may_call_is_whom_the_routes_name(path):
    path.write_text(GOOD)

    assert load_routes(path, PIPELINES).calling == ("MAMMO*", "*")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("send_to =", "sent_to =", ":15: routes.0.sent_to: unknown key; did you mean 'send_to'?"),
        ("any_of =", "anyof =", ":10: routes.0.when.0.anyof: unknown key; did you mean 'any_of'?"),
        (
            "quiet_s =",
            "quite_s =",
            ":13: routes.0.complete.quite_s: unknown key; did you mean 'quiet_s'?",
        ),
        ("host =", "hots =", ":3: destinations.pacs.hots: unknown key; did you mean 'host'?"),
        (
            'send_to = ["pacs"]',
            'send_to = ["pasc"]',
            ":15: routes.0.send_to: no destination 'pasc'; did you mean 'pacs'?",
        ),
        (
            '["super-resolution"]',
            '["superresolution"]',
            ":14: routes.0.pipelines: no pipeline 'superresolution'; did you mean 'super-",
        ),
        (
            '"Modality"',
            '"Modalty"',
            ":10: routes.0.when.0.keyword: no such DICOM keyword: 'Modalty'; did you mean 'Mod",
        ),
        ('"Modality"', '"ViewCodeSequence"', "a sequence or bulk data"),
        ('any_of = ["MG"]', "min = 1", "Modality is no number"),
        (', any_of = ["MG"]', "", "no test: write any_of"),
        ('"PACS"', '"A TITLE OF MORE THAN 16"', ":2: destinations.pacs.ae_title"),
        ('"PACS"', '"PA\\\\CS"', ":2: destinations.pacs.ae_title"),
        ("port = 11112", "port = 70000", ":4: destinations.pacs.port"),
        (
            'name = "rest"',
            'name = "screening"',
            ":19: routes.1.name: there is another route 'screening'",
        ),
        (
            "port = 11112",
            'port = 11112\naccepts = ["cad-rs"]',
            ":5: destinations.pacs.accepts.0: no such kind of result; did you mean 'cad-sr'?",
        ),
        (
            'name = "rest"',
            'name = "rest"\nallow = ["implant"]',
            ":20: routes.1.allow: no such kind of image 'implant'; there is ",
        ),
        ('"urgent"', '"now"', ":16: routes.0.priority"),
        ("quiet_s = 5", "quiet_s = -5", ":13: routes.0.complete.quiet_s"),
        ('pipelines = ["super-resolution"]\n', "", "routes.0.pipelines: missing"),
        ("[[routes]]", "[[routes]", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_what_was_meant(path, old, new, told):
    message = refused(path, old, new)

    assert message.startswith(str(path))
    assert told in message


def test_a_file_that_is_not_there_is_named(path):
    with pytest.raises(BadConfigurationError, match=r"routes\.toml: No such file"):
        load_routes(path, PIPELINES)


def test_a_change_is_in_force_at_once(path):
    path.write_text(GOOD)
    file = RoutesFile(path, PIPELINES)

    path.write_text(GOOD.replace("MAMMO*", "MG*"))

    assert file.current().calling == ("MG*", "*")
    assert file.reload_ok


@pytest.mark.parametrize("beginning", [0, GOOD.index("[[routes]]")])
def test_a_file_that_an_editor_is_still_writing_is_not_read_half(path, beginning):
    path.write_text(GOOD)
    file, changed = RoutesFile(path, PIPELINES), GOOD.replace("MAMMO*", "MG*")
    with path.open("w") as editor, ThreadPoolExecutor() as loop:
        editor.write(changed[:beginning])
        editor.flush()
        seen = loop.submit(file.current)
        time.sleep(0.02)
        editor.write(changed[beginning:])
        editor.flush()

        assert seen.result().calling == ("MG*", "*")


def test_a_broken_file_is_refused_as_a_whole_and_the_last_good_one_stays(path):
    path.write_text(GOOD)
    file = RoutesFile(path, PIPELINES)

    path.write_text(GOOD.replace("MAMMO*", "MG*").replace("port = 11112", "prot = 11112"))

    assert file.current().calling == ("MAMMO*", "*")
    assert not file.reload_ok
    assert "did you mean 'port'?" in file.error

    path.write_text(GOOD.replace("MAMMO*", "MG*"))

    assert file.current().calling == ("MG*", "*")
    assert file.reload_ok


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ("routes = " + "9" * 5000, "a number is too long"),
        ("a." * 32_000 + "a = 1", "a key has more than 32 parts"),
    ],
    ids=["number", "key"],
)
def test_a_text_that_would_cost_too_much_is_refused_like_any_other(path, odd, told):
    path.write_text(GOOD)
    file = RoutesFile(path, PIPELINES)
    path.write_text(odd)

    assert file.current().calling == ("MAMMO*", "*")
    assert told in file.error


def test_a_file_that_is_removed_leaves_the_routes_in_force(path):
    path.write_text(GOOD)
    file = RoutesFile(path, PIPELINES)

    path.unlink()

    assert file.current().calling == ("MAMMO*", "*")
    assert "No such file" in file.error


def test_a_file_that_is_replaced_by_one_of_the_same_size_and_time_is_read_again(path, tmp_path):
    path.write_text(GOOD)
    file = RoutesFile(path, PIPELINES)
    other = tmp_path / "other"
    other.write_text(GOOD.replace("MAMMO*", "SENDS*"))
    before = path.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))

    other.replace(path)

    assert file.current().calling == ("SENDS*", "*")


def test_every_key_is_in_the_manual():
    manual = (Path(__file__).parents[2] / "docs" / "routes.md").read_text()

    for table in (Destination, Condition, Complete, Route):
        for key in table.model_fields:
            assert f"`{key}" in manual or f"{key} =" in manual, key


def test_the_example_of_the_manual_is_good(path):
    manual = (Path(__file__).parents[2] / "docs" / "routes.md").read_text()
    path.write_text(manual.split("```toml\n")[1].split("```")[0])

    assert load_routes(path, PIPELINES).routes[0].name == "screening"


@pytest.mark.parametrize(
    ("ae_title", "port", "is_own"),
    [("PACS", 11112, True), ("PACS", 104, False), ("US", 11112, False)],
)
def test_a_destination_that_is_this_node_itself_is_refused(path, ae_title, port, is_own):
    path.write_text(GOOD)
    own = OwnDoor(ae_title, {"localhost", "127.0.0.1"}, port)

    if is_own:
        with pytest.raises(
            BadConfigurationError, match=r"destinations\.pacs\.host: this is this node"
        ):
            load_routes(path, PIPELINES, own)
    else:
        assert load_routes(path, PIPELINES, own).routes


BAD_DESTINATIONS = {
    'stow_url = "https://pacs/studies"\nae_title = "PACS"': "write one or the other",
    'ae_title = "PACS"\nhost = "pacs"': "port: missing",
    'stow_url = "http://pacs/studies"\nstow_token_file = "token"': "over https alone",
    'ae_title = "PACS"\nhost = "pacs"\nport = 104\ntls_ca = "ca.pem"': "write tls = true",
    'ae_title = "PACS"\nhost = "pacs"\nport = 104\ntls = true\ntls_key = "k"': "both or neither",
    'ae_title = "PACS"\nhost = "pacs"\nport = 104\nassociations = 17': "associations",
    'stow_url = "https://pacs/studies"\nfind_after = true': "write one or the other",
    'stow_url = "ftp://pacs/studies"': "stow_url",
}


@pytest.mark.parametrize("written", BAD_DESTINATIONS)
def test_a_destination_that_cannot_be_meant_is_refused(tmp_path, written):
    path = tmp_path / "routes.toml"
    path.write_text(f"[destinations.pacs]\n{written}\n")

    with pytest.raises(BadConfigurationError, match=BAD_DESTINATIONS[written]):
        load_routes(path, PIPELINES)
