"""`senoscope routes check` and `schema`: everything that is wrong, and where."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from service.cli.app import app
from service.router.contradictions import OwnDoor
from service.router.examining import HINTS, examine
from service.router.oddities import oddities
from service.router.schema import routes_schema

PIPELINES = {"super-resolution", "cad"}
DOCS = Path(__file__).parents[2] / "docs"
WRONG = """\
[destinations.pacs]
ae_title = "PACS"
host = "10.0.0.5"
prot = 104

[destinations.old]
ae_title = "NODE"
host = "localhost"
port = 104

[[routes]]
name = "screening"
when = [
  { keyword = "Modality", any_of = ["MG"] }, { keyword = "Modality", any_of = ["CT"] },
  { not = { any = [{ keyword = "Modalty", any_of = ["MG"] }] } },
  { keyword = "StudyDescription", regex = '(a+)+$' },
]
pipelines = ["cad", "cadd"]
send_to = ["pacs", "pasc"]

[[routes]]
name = "screening"
when = [{ any = [{ keyword = "Rows", min = 3, max = 2 }], al = 1 }]
complete = { quite_s = 3 }
send_to = ["pacs"]
"""
ODD = """\
[destinations.pacs]
ae_title = "PACS"
host = "10.0.0.5"
port = 104

[[routes]]
name = "every"
complete = { views = ["RMLO", "MLO"] }
pipelines = ["cad"]
send_to = ["pacs"]

[[routes]]
when = [{ keyword = "Modality", any_of = ["MG"], none_of = ["MG"] }]
name = "none"
pipelines = ["cad"]
send_to = ["pacs"]

[[routes]]
fallback = true
name = "rest"
pipelines = ["cad"]
send_to = ["pacs"]
"""
NO_VIEW = "'MLO' is no view, and never comes: write such as 'RMLO' or 'LCC+ID'"
NOTHING = "nothing can take this route: no value of Modality can be all that is asked of it"
RISKY = "a text may keep it busy: it then fails, and the image does not take the route"
OWN = OwnDoor("NODE", {"localhost"}, 104)

MISTAKES = [
    (4, 1, "destinations.pacs.prot: unknown key; did you mean 'port'?"),
    (8, 1, "destinations.old.host: this is this node itself: results would come back"),
    (15, 22, "routes.0.when.2.not.any.0.keyword: no such DICOM keyword: 'Modalty'; did you mean"),
    (18, 21, "routes.0.pipelines: no pipeline 'cadd'; did you mean 'cad'?"),
    (19, 20, "routes.0.send_to: no destination 'pasc'; did you mean 'pacs'?"),
    (21, 1, "routes.1.pipelines: missing"),
    (22, 1, "routes.1.name: there is another route 'screening'"),
    (23, 18, "routes.1.when.0.any.0: min is above max: 3 > 2"),
    (23, 59, "routes.1.when.0.al: unknown key"),
    (24, 14, "routes.1.complete.quite_s: unknown key; did you mean 'quiet_s'?"),
]


def told(remarks):
    return sorted((one.place.line, one.place.column, one.told()) for one in remarks)


def test_every_mistake_is_told_with_line_and_column():
    found = told(examine(WRONG, PIPELINES, OWN).mistakes)

    assert [place for *place, _ in found] == [[line, column] for line, column, _ in MISTAKES]
    for (*_, said), (*_, expected) in zip(found, MISTAKES, strict=True):
        assert said.startswith(expected)


def test_what_is_hardly_meant_is_a_warning():
    found = told(oddities(WRONG))

    assert found == [
        (6, 1, "destinations.old: no route names it: nothing is sent there"),
        (13, 1, f"routes.0.when: {NOTHING}"),
        (
            16,
            35,
            "routes.0.when.3.regex: " + RISKY,
        ),
    ]


def test_a_route_that_nothing_can_take_is_a_warning_and_hinders_no_start():
    never = ODD

    assert examine(never, PIPELINES).routes is not None
    assert [(line, said) for line, _, said in told(oddities(never))] == [
        (8, f"routes.0.complete.views: {NO_VIEW}"),
        (13, f"routes.1.when: {NOTHING}"),
        (19, "routes.2.fallback: nothing is left for this route: every takes every image"),
    ]


def test_a_destination_that_may_be_a_sender_is_named_by_who_sends_back():
    text = example().replace('send_to = ["pacs"]', 'send_to = ["sender"]')

    assert "send_to" in text
    assert oddities(text.replace('calling = ["MAMMO*"]', 'calling = ["*"]')) == []


def test_a_risky_regex_is_found_wherever_conditions_stand():
    risky = '{ keyword = "StudyDescription", regex = "(a+)+$" }'
    text = example().replace("complete = {", f"complete = {{ unilateral_when = [{risky}],")
    text += f"study_when = [{{ not = {risky} }}]\n"

    assert [one.key for one in oddities(text)] == [
        "routes.0.study_when.0.not.regex",
        "routes.0.complete.unilateral_when.0.regex",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[routes]\n", (1, 9)),
        ("a = 1\nb = \n", (2, 5)),
        ("routes = 3\n", (1, 1)),
        ("routes = [3]\n", (1, 11)),
        ("destinations = []\n", (1, 1)),
        ("[destinations]\npacs = 3\n", (2, 1)),
        (f"routes = {'[' * 3000}{']' * 3000}\n", (1, 1)),
        (f"a = 1\nport = {'9' * 5000}\n", (2, 8)),
        (f"# it's\nport = 0x{'F' * 5000}\n", (2, 10)),
        (f"a = 1\nb.{'a.' * 32_000}a = 1\n", (2, 1)),
        ('# """\n[' + "'a' . " * 40 + "a]\n", (2, 2)),
        (f"a = {('{' + 'a.' * 20 + 'a = ') * 20}1{'}' * 20}\n", (1, 1)),
    ],
)
def test_a_file_that_is_no_file_of_routes_has_one_mistake_with_a_place(text, place):
    examined = examine(text, PIPELINES)

    assert [(line, column) for line, column, _ in told(examined.mistakes)] == [place]
    assert all(one.key for one in oddities(text))
    assert examined.routes is None


def test_in_a_text_full_of_mistakes_only_the_first_names_are_guessed_at():
    conditions = ", ".join(f'{{keyword="Modalty{number}"}}' for number in range(500))
    names = ", ".join(f'"pasc{number}"' for number in range(1500))
    table = f'name = "a"\npipelines = []\nwhen = [{conditions}]\nsend_to = [{names}]\n'
    pacs = "".join(f"[destinations.pacs{number}]\n" for number in range(500))

    mistakes = examine(f"[[routes]]\n{table}{pacs}", PIPELINES).mistakes

    assert len(mistakes) >= 2500
    assert sum("did you mean 'Modality'?" in one.reason for one in mistakes) == HINTS


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "senoscope.toml"
    path.write_text('data_dir = "data"\n')
    return path


def say(*words):
    return CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)


def test_the_command_prints_a_line_for_each_mistake_and_exits_with_1(config, tmp_path):
    file = tmp_path / "draft.toml"
    file.write_text(WRONG)

    answer = say("routes", "check", file, "--config", config)

    lines = answer.output.splitlines()
    assert answer.exit_code == 1
    assert f"{file}:4:1: mistake: destinations.pacs.prot: unknown key" in answer.output
    assert f"{file}:16:35: warning: routes.0.when.3.regex: " in answer.output
    assert lines[-1] == f"{file}: wrong: 9 mistakes"
    assert [int(line.split(":")[1]) for line in lines[:-1]] == sorted(
        int(line.split(":")[1]) for line in lines[:-1]
    )


def test_the_command_speaks_to_machines(config, tmp_path):
    file = tmp_path / "draft.toml"
    file.write_text(WRONG)

    answer = say("routes", "check", file, "--json", "--config", config)

    found = json.loads(answer.output)
    assert answer.exit_code == 1
    assert found["right"] is False
    assert found["mistakes"][0] == {
        "line": 4,
        "column": 1,
        "key": "destinations.pacs.prot",
        "reason": "unknown key; did you mean 'port'?",
    }
    assert len(found["warnings"]) == 3


def test_a_good_file_is_right(config, tmp_path):
    file = tmp_path / "draft.toml"
    file.write_text(example())

    answer = say("routes", "check", file, "--config", config)
    as_json = say("routes", "check", file, "--json", "--config", config)

    assert answer.output == f"{file}: right: 1 route, 1 destination\n"
    assert (answer.exit_code, as_json.exit_code) == (0, 0)
    assert json.loads(as_json.output)["right"] is True


def test_a_file_without_routes_is_right_and_told_to_listen_to_nobody(config, tmp_path):
    file = tmp_path / "draft.toml"
    file.write_text("")

    answer = say("routes", "check", file, "--config", config)

    assert answer.output == f"{file}: right: 0 routes, 0 destinations: nobody is listened to\n"
    assert answer.exit_code == 0


def example() -> str:
    return (DOCS / "routes.md").read_text().split("```toml\n")[1].split("```")[0]


def test_the_schema_in_the_documents_is_that_of_the_command():
    printed = say("routes", "schema")

    written = (DOCS / "routes.schema.json").read_text()

    assert written == printed.output, "senoscope routes schema > docs/routes.schema.json"


def test_the_schema_takes_what_is_right_and_refuses_what_is_not():
    schema = routes_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    wrong = [".".join(map(str, e.path)) for e in validator.iter_errors(tomllib.loads(WRONG))]

    assert not list(validator.iter_errors(tomllib.loads(example())))
    assert {"destinations.pacs", "routes.1.when.0", "routes.1.complete"} <= set(wrong)


def test_every_key_of_the_schema_says_what_it_is():
    schema = routes_schema()

    tables = {"": schema, **schema["$defs"]}
    silent = [
        (name, key)
        for name, table in tables.items()
        for key, entry in table.get("properties", {}).items()
        if not entry.get("description") and "$ref" not in entry
    ]

    assert silent == []
