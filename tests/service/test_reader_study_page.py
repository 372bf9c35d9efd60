"""One reader before the page: what it shows and hides, who may come, and what is kept."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import cv2
import httpx
import numpy as np
import pytest
from side_by_side import NAME, browser_of, page, pictures, session_of

from service.errors import RefusedError, UnavailableError
from service.reader_study.analysis import gather
from service.reader_study.answers import Answer, Answers, read_answers
from service.reader_study.criteria import CRITERIA
from service.reader_study.light_box import Which
from service.reader_study.session import ANSWERS, sides

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pairs"))


@pytest.fixture
def blinded(tmp_path, pairs):
    """A blinded reader of two cases; seed 3 has the super-resolved one on the left first."""
    return session_of(tmp_path, pairs, seed=3)


@pytest.fixture
def client(tmp_path, pairs, blinded):
    with page(tmp_path, blinded, pairs) as address, browser_of(address) as browser:
        yield browser


def values(client, case, place, level=0, column=0, row=0):
    answer = client.get(f"/case/{case}/{place}/{level}/{column}/{row}").raise_for_status()
    return np.frombuffer(answer.content, "<u2")


def give(client, case, criterion, given):
    answer = client.post(f"/case/{case}/answers", json={"criterion": criterion, "given": given})
    return answer.raise_for_status().json()


def test_both_pictures_lie_on_one_grid_at_the_same_size(client):
    told = client.get("/case/1/pictures").json()

    assert told["sizes"][0] == [1400, 1200]
    assert told["sizes"][-1] == [350, 300]
    assert len(values(client, 1, "left", 0, 2, 2)) == (1400 - 1024) * (1200 - 1024)
    assert len(values(client, 1, "right", 0, 2, 2)) == (1400 - 1024) * (1200 - 1024)


def test_tiles_hold_the_pixels_bit_for_bit(client, pairs):
    original, large = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in pairs[0])

    shown = values(client, 1, "left", 0, 1, 0).reshape(512, 512)
    halved = values(client, 1, "right", 1, 0, 0).reshape(512, 512)

    np.testing.assert_array_equal(shown, large[:512, 512:1024])
    np.testing.assert_array_equal(halved, original[:512, :512])


def test_a_value_is_shown_as_its_picture_says(client):
    tones = client.get("/case/1/left/tones").content

    assert (len(tones), tones[0], tones[2048], tones[4095]) == (4096, 0, 128, 255)


def test_a_blinded_reader_is_told_neither_names_nor_sides(client, blinded):
    assert blinded.left[0] is Which.SUPER_RESOLVED

    seen = "".join(
        client.get(path).raise_for_status().text
        for path in ("/case/1", "/case/2", "/case/1/pictures", "/end")
    )

    assert NAME not in seen
    assert "original" not in seen.lower()
    assert "super" not in seen.lower()


def test_an_open_reader_sees_the_original_on_the_left(tmp_path, pairs):
    session = session_of(tmp_path, pairs, blinded=False)

    with page(tmp_path, session, pairs) as address, browser_of(address) as client:
        seen = client.get("/case/1").text
        give(client, 1, "overall", 4)

    assert seen.index(">Original<") < seen.index(">Super-resolved<")
    assert [one.score for one in gather([tmp_path]).readers[0].answers] == [4]


def test_what_a_blinded_reader_prefers_is_turned_back(tmp_path, client):
    give(client, 1, "overall", 1)  # the left one, strongly: it is the super-resolved one
    give(client, 2, "overall", 2)  # the left one: here it is the original
    give(client, 2, "skin", None)

    first, overall, skin = gather([tmp_path]).readers[0].answers

    assert (first.score, first.given, first.left) == (5, 1, Which.SUPER_RESOLVED)
    assert (overall.score, overall.left) == (2, Which.ORIGINAL)
    assert (skin.criterion, skin.score) == ("skin", None)


def test_every_criterion_is_asked_with_a_name_for_every_button(client):
    seen = client.get("/case/1").text

    assert len(CRITERIA) == 14
    assert seen.count("<fieldset") == 14
    assert seen.count('aria-pressed="false" aria-label="5: right strongly preferred"') == 14
    assert seen.count('aria-label="n: not readable"') == 14
    assert all(f'aria-label="{one.name}"' in seen for one in CRITERIA)


def test_an_answer_may_be_changed_and_the_page_says_what_was_given(tmp_path, client):
    give(client, 1, "overall", 1)
    told = give(client, 1, "overall", 4)

    assert told == {"case": 1, "all": 1, "of": 28}
    assert 'data-key="4" aria-pressed="true"' in client.get("/case/1").text
    assert len(gather([tmp_path]).readers[0].answers) == 1


def test_where_a_reader_goes_on_is_told(client):
    for one in CRITERIA:
        give(client, 1, one.key, 3)

    assert "Go on with case 2" in client.get("/").text
    assert "14 of 28 questions are open" in client.get("/end").text


@pytest.mark.parametrize(
    ("case", "body", "status"),
    [
        (3, {"criterion": "overall", "given": 1}, 404),
        (1, {"criterion": "beauty", "given": 1}, 422),
        (1, {"criterion": "overall", "given": 6}, 422),
        (1, {"criterion": "overall"}, 422),
    ],
)
def test_what_is_no_answer_is_refused_and_not_kept(tmp_path, client, case, body, status):
    assert client.post(f"/case/{case}/answers", json=body).status_code == status
    assert gather([tmp_path]).readers[0].answers == []


@pytest.mark.parametrize("path", ["1/left/9/0/0", "1/left/0/3/0", "1/left/0/0/-1", "0/left/0/0/0"])
def test_there_is_no_tile_beyond_the_picture(client, path):
    assert client.get(f"/case/{path}").status_code == 404


def test_only_who_has_the_token_comes_in(tmp_path, pairs, blinded):
    with page(tmp_path, blinded, pairs) as address:
        url = f"http://127.0.0.1:{address.port}"

        assert httpx.get(f"{url}/case/1").status_code == 403
        assert httpx.get(f"{url}/", params={"token": "guessed"}).status_code == 403
        assert httpx.get(f"{url}/assets/page.css").status_code == 403
        entered = httpx.get(f"{url}/", params={"token": address.token})

    cookie = entered.headers["set-cookie"]
    assert entered.status_code == 200
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_another_name_for_this_machine_is_turned_away(client):
    """As a page would use whose name was bound to 127.0.0.1 (DNS rebinding)."""
    assert client.get("/case/1", headers={"Host": "evil.example"}).status_code == 421


def test_another_site_cannot_answer(client):
    answer = client.post(
        "/case/1/answers",
        json={"criterion": "overall", "given": 1},
        headers={"Origin": "http://evil.example"},
    )

    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/", "/case/1", "/case/1/left/0/0/0", "/assets/keys.js", "/no"])
def test_pages_load_nothing_from_elsewhere_and_nothing_is_stored(client, path):
    headers = client.get(path).headers

    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_picture_that_cannot_be_read_is_said_without_its_name(tmp_path):
    pairs = pictures(tmp_path / "pairs")
    session = session_of(tmp_path, pairs)
    pairs[1][0].write_bytes(b"broken")

    with page(tmp_path, session, pairs) as address, browser_of(address) as client:
        broken = client.get("/case/2/pictures")
        whole = client.get("/case/1/pictures")

    assert (broken.status_code, broken.text) == (422, "a picture cannot be read: it is no PNG")
    assert whole.status_code == 200


def test_pictures_of_different_fields_are_not_compared(tmp_path):
    pairs = pictures(tmp_path / "pairs", cases=1)
    cv2.imwrite(str(pairs[0][1]), np.zeros((1400, 900), np.uint8))
    session = session_of(tmp_path, pairs)

    with page(tmp_path, session, pairs) as address, browser_of(address) as client:
        answer = client.get("/case/1/pictures")

    assert answer.status_code == 422
    assert "same field" in answer.text


def test_sides_are_by_seed_and_each_as_often_as_the_other():
    assert sides(20, 5) == sides(20, 5) != sides(20, 6)
    assert sides(20, 5).count(Which.ORIGINAL) == 10


def test_a_reader_goes_on_where_they_were(tmp_path, pairs):
    begun = session_of(tmp_path, pairs, seed=3)
    with page(tmp_path, begun, pairs) as address, browser_of(address) as client:
        give(client, 1, "overall", 5)

    again = session_of(tmp_path, pairs, seed=4)
    with page(tmp_path, again, pairs) as address, browser_of(address) as client:
        seen = client.get("/").text

    assert again == begun
    assert "1 of 28 questions are answered" in seen


def test_a_session_is_not_gone_on_with_otherwise(tmp_path, pairs):
    session_of(tmp_path, pairs)

    with pytest.raises(RefusedError, match="began blinded: go on with --blinded"):
        session_of(tmp_path, pairs, blinded=False)
    with pytest.raises(RefusedError, match="other cases"):
        session_of(tmp_path, pairs[:1])
    with pytest.raises(RefusedError, match="--reader"):
        session_of(tmp_path, pairs, reader="../anna")


def test_two_readers_are_kept_apart(tmp_path, pairs):
    for reader, given in (("anna", 5), ("bob", 1)):
        session = session_of(tmp_path, pairs, reader=reader, blinded=False)
        with page(tmp_path, session, pairs) as address, browser_of(address) as client:
            give(client, 1, "overall", given)

    found = {one.session.reader: one.answers[0].score for one in gather([tmp_path]).readers}
    assert found == {"anna": 5, "bob": 1}


def answer(case, score):
    return Answer(
        case=case, criterion="overall", score=score, given=score, left="original", at=MOMENT
    )


def test_a_reader_has_one_page_at_a_time(tmp_path):
    with Answers(tmp_path / ANSWERS), pytest.raises(UnavailableError, match="in use"):
        Answers(tmp_path / ANSWERS).__enter__()


def test_a_line_that_a_power_cut_tore_is_cut_off(tmp_path):
    path = tmp_path / ANSWERS
    with Answers(path) as answers:
        answers.add(answer(1, 5))
    with path.open("ab") as file:
        file.write(b'{"case": 2, "crit')

    with Answers(path) as answers:
        answers.add(answer(2, 4))

    assert [one.score for one in read_answers(path).values()] == [5, 4]


def test_kill_loses_no_answer_that_was_confirmed(tmp_path, pairs):
    folder = pairs[0][0].parent
    confirmed = {}
    for turn in range(2):
        command = [sys.executable, "-m", "service", "reader-study", "run", folder]
        options = ["--reader", "anna", "--blinded", "--seed", "1", "--out", tmp_path]
        node = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        try:
            url = next(line.strip() for line in node.stdout if line.startswith("http://"))
            with httpx.Client(base_url=url.split("/?")[0], timeout=20) as client:
                client.get(url).raise_for_status()
                for criterion in CRITERIA[5 * turn : 5 * turn + 7]:
                    give(client, 1, criterion.key, 2 + turn)
                    confirmed[criterion.key] = 2 + turn
        finally:
            node.send_signal(signal.SIGKILL)
            node.wait()
            node.stdout.close()

    (reader,) = gather([tmp_path]).readers
    assert {one.criterion: one.given for one in reader.answers} == confirmed


def test_the_command_ends_by_sigterm_and_says_how_far_one_is(tmp_path, pairs):
    command = [sys.executable, "-m", "service", "reader-study", "run", pairs[0][0].parent]
    node = subprocess.Popen(
        [*command, "--reader", "anna", "--out", tmp_path], stdout=subprocess.PIPE, text=True
    )
    url = next(line.strip() for line in node.stdout if line.startswith("http://"))
    while True:  # the port is open before the page is served
        if httpx.get(url).status_code == httpx.codes.OK:
            break
        time.sleep(0.1)

    node.send_signal(signal.SIGTERM)
    rest = node.stdout.read()
    node.stdout.close()

    assert node.wait(30) == 0
    assert "0 of 28 questions are answered" in rest
    assert not json.loads((tmp_path / "anna/session.json").read_text())["blinded"]
