"""The viewer in a real browser, on a node that is up, with a study that the CAD was run on."""

import base64

import cv2
import numpy as np
import pytest
from consoles import PASSWORD
from node import Node
from peers.chromium import chromium, watched
from peers.dcmtk import StoreScp, storescu
from peers.programs import until
from phantoms import mammogram, saved
from playwright.sync_api import expect

from service.ledger.records import JobState

PNG = "canvas => canvas.toDataURL().split(',')[1]"
DRAWN = '#viewer[data-drawn="yes"]'
PATIENCE_MS = 120_000
"""A machine that does much else takes its time."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    pacs = StoreScp(folder / "pacs")
    pacs.start()
    found = Node(folder / "node", pacs.port, pipeline="cad")
    found.start()
    try:
        found.wait_until_ready()
        made = found.fed(PASSWORD, "users", "add", "ada", "--role", "viewer")
        assert made.returncode == 0, made.stderr
        yield found
    finally:
        found.stop()
        pacs.stop()


@pytest.fixture(scope="module")
def image(node, tmp_path_factory):
    """An image in which the CAD found something."""
    made = mammogram("LMLO", seed=4, rows=1536, columns=1248)
    assert storescu([saved(made, tmp_path_factory.mktemp("sent"))], node.port).returncode == 0
    ledger = node.ledger()
    study = str(made.StudyInstanceUID)
    until(lambda: [one.state for one in ledger.jobs(study)] == [JobState.DONE], 300)
    ledger.close()
    return made


@pytest.fixture
def tab(node, image):
    """A tab on the viewer; what it complains of, or asks of others, fails."""
    with chromium(PATIENCE_MS) as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, has_touch=True)
        context.set_default_timeout(PATIENCE_MS)
        found = context.new_page()
        with watched(found, node.http_port):
            opened(found, node, image)
            yield found
            context.close()


def opened(tab, node, image):
    """Come from the study's page to the viewer."""
    tab.goto(f"http://127.0.0.1:{node.http_port}/studies/{image.StudyInstanceUID}")
    tab.get_by_label("Name").fill("ada")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.keyboard.press("Enter")
    tab.get_by_role("link", name="Look at image 1 and its results").click()
    tab.wait_for_selector(DRAWN)


def grey(tab, name):
    """Return what a canvas shows."""
    tab.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    tab.wait_for_selector(DRAWN)
    data = base64.b64decode(tab.locator(f"#{name} canvas").evaluate(PNG))
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE).astype(float)


def likeness(tab):
    """Return how much what both canvases show is alike."""
    return np.corrcoef(grey(tab, "source").ravel(), grey(tab, "enlarged").ravel())[0, 1]


def box(tab, selector):
    return tab.locator(selector).bounding_box()


def test_both_pictures_go_in_step_by_keyboard_and_by_mouse(tab):
    whole = grey(tab, "source")
    assert likeness(tab) > 0.98

    for key in ("z", "ArrowLeft", "ArrowUp"):
        tab.keyboard.press(key)
    large = grey(tab, "source")

    assert likeness(tab) > 0.95
    assert np.abs(large - whole).mean() > 2
    expect(tab.locator("#zoom")).to_have_text("100 %")
    middle = box(tab, "#enlarged canvas")
    tab.mouse.move(middle["x"] + 200, middle["y"] + 300)
    tab.mouse.wheel(0, -100)
    tab.mouse.down()
    tab.mouse.move(middle["x"] + 260, middle["y"] + 340)
    tab.mouse.up()
    expect(tab.locator("#zoom")).to_have_text("125 %")
    assert likeness(tab) > 0.95
    tab.keyboard.press("f")
    np.testing.assert_array_equal(grey(tab, "source"), whole)


def test_the_bar_is_moved_by_keyboard_by_mouse_and_by_finger(tab):
    tab.get_by_role("button", name="Swipe").click()
    bar = tab.get_by_role("slider")
    expect(bar).to_have_attribute("aria-valuenow", "50")
    expect(tab.locator("#enlarged")).to_have_css("clip-path", "inset(0px 0px 0px 50%)")

    tab.keyboard.press("a")
    expect(bar).to_have_attribute("aria-valuenow", "46")
    bar.press("End")
    expect(bar).to_have_attribute("aria-valuenow", "100")
    bar.press("Home")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    stage = box(tab, "#stages")
    tab.mouse.move(stage["x"] + 8, stage["y"] + 300)
    tab.mouse.down()
    tab.mouse.move(stage["x"] + stage["width"] / 4, stage["y"] + 300)
    tab.mouse.up()
    expect(bar).to_have_attribute("aria-valuenow", "25")
    touch(tab, stage, 0.25, 0.75)
    expect(bar).to_have_attribute("aria-valuenow", "75")
    tab.keyboard.press("s")
    expect(tab.locator("#enlarged")).to_have_css("clip-path", "none")


def touch(tab, stage, begin, end):
    """Draw a finger over the stage, from one share of its width to another."""
    session = tab.context.new_cdp_session(tab)
    y = stage["y"] + 200
    for kind, share in (("touchStart", begin), ("touchMove", end), ("touchEnd", None)):
        points = [] if share is None else [{"x": stage["x"] + stage["width"] * share, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_two_fingers_zoom(tab):
    before = int(tab.locator("#zoom").inner_text().split()[0])
    stage = box(tab, "#source canvas")
    session = tab.context.new_cdp_session(tab)
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    for kind, away in (("touchStart", 50), ("touchMove", 100), ("touchEnd", 0)):
        points = [{"x": x - away, "y": y, "id": 0}, {"x": x + away, "y": y, "id": 1}]
        sent = points if away else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": sent})

    tab.wait_for_function("before => parseInt(zoom.textContent) > 1.8 * before", arg=before)
    assert likeness(tab) > 0.95


def test_the_window_changes_both_pictures_and_comes_back(tab):
    source, enlarged = grey(tab, "source"), grey(tab, "enlarged")

    for key in "...]]":
        tab.keyboard.press(key)

    assert grey(tab, "source").mean() > source.mean() + 5
    assert grey(tab, "enlarged").mean() > enlarged.mean() + 5
    tab.get_by_role("button", name="Reset").click()
    np.testing.assert_array_equal(grey(tab, "source"), source)
    tab.get_by_role("button", name="Drag sets window").click()
    stage = box(tab, "#source canvas")
    tab.mouse.move(stage["x"] + 200, stage["y"] + 200)
    tab.mouse.down()
    tab.mouse.move(stage["x"] + 200, stage["y"] + 120)
    tab.mouse.up()
    assert grey(tab, "source").mean() > source.mean() + 5


def test_outlines_lie_on_both_pictures_with_their_probability_and_go_away(tab):
    shapes = tab.locator(".outlines polygon.suspicious, .outlines polygon.other")
    expect(shapes.first).to_be_visible()
    finding = tab.locator(".finding").first
    expect(finding).to_contain_text("Probability of malignancy")
    expect(tab.locator(".outlines text").first).to_contain_text("%")

    finding.click()
    tab.wait_for_selector(DRAWN)
    outline, stage = shapes.first.bounding_box(), box(tab, "#source canvas")
    middle = outline["x"] + outline["width"] / 2, outline["y"] + outline["height"] / 2
    assert abs(middle[0] - stage["x"] - stage["width"] / 2) < 3
    assert abs(middle[1] - stage["y"] - stage["height"] / 2) < 3
    tab.keyboard.press("o")
    expect(shapes.first).to_be_hidden()
    expect(tab.get_by_role("button", name="Outlines")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1024, 768), (820, 1180)])
def test_the_page_is_no_wider_than_the_screen(tab, width, height):
    tab.set_viewport_size({"width": width, "height": height})

    tab.wait_for_selector(DRAWN)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert box(tab, "#stages")["height"] > 0.4 * height


def test_who_looked_is_in_the_audit_trail(tab, node, image):
    ledger = node.ledger()
    entries = ledger.audit(action="image.view")
    ledger.close()

    assert {(one.who, one.object, one.outcome) for one in entries} == {
        ("ada", image.SOPInstanceUID, "done")
    }
    assert tab.title().startswith("LMLO")
