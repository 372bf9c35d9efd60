"""The reading page in a real browser, by keyboard and by mouse."""

import base64

import cv2
import numpy as np
import pytest
from peers.chromium import chromium, watched
from playwright.sync_api import expect
from side_by_side import page, pictures, session_of

from service.reader_study.analysis import gather

PNG = "canvas => canvas.toDataURL().split(',')[1]"
DRAWN = 'main[data-drawn="yes"]'
PATIENCE_MS = 90_000
"""A machine that does much else takes its time."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser():
    with chromium(PATIENCE_MS) as started:
        yield started


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pairs"))


@pytest.fixture
def address(tmp_path, pairs):
    with page(tmp_path, session_of(tmp_path, pairs, seed=3), pairs) as found:
        yield found


@pytest.fixture
def sheet(browser, address):
    """A tab that came in with the token; what it complains of, or asks others for, fails."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    tab = context.new_page()
    with watched(tab, address.port):
        tab.goto(address.url)
        tab.get_by_role("link", name="Begin with case 1").click()
        tab.wait_for_selector(DRAWN)
        yield tab
        context.close()


def grey(tab, side):
    tab.wait_for_selector(DRAWN)
    data = base64.b64decode(tab.locator(f"#{side}").evaluate(PNG))
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE).astype(float)


def press(tab, *keys):
    for key in keys:
        tab.keyboard.press(key)


def is_in_step(tab):
    """Tell whether both canvases show the same field, enlarged from different pixels."""
    return np.corrcoef(grey(tab, "left").ravel(), grey(tab, "right").ravel())[0, 1] > 0.7


def settled(tab):
    tab.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    tab.wait_for_selector(DRAWN)


def test_a_whole_study_is_read_by_keyboard_alone(sheet, tmp_path):
    press(sheet, "1", "n", *"2345", *"33333333", "Enter")
    sheet.wait_for_url("**/case/2")
    sheet.wait_for_selector(DRAWN)
    press(sheet, *"55555555555555")
    expect(sheet.locator("#answered")).to_have_text("28")
    press(sheet, "Enter")
    sheet.wait_for_url("**/end")

    expect(sheet.get_by_role("heading")).to_have_text("All 28 questions are answered")
    answers = gather([tmp_path]).readers[0].answers
    assert [one.score for one in answers if one.criterion == "detection"] == [5, 5]
    assert [one.score for one in answers if one.criterion == "diagnostic-quality"] == [None, 5]


def test_an_answer_is_on_the_disk_before_it_counts_on_the_page(sheet, tmp_path):
    press(sheet, "4")

    expect(sheet.locator("#answered")).to_have_text("1")
    expect(sheet.locator("#said")).to_have_text(
        "Detection of microcalcifications: 4: right preferred. Kept."
    )
    assert len(gather([tmp_path]).readers[0].answers) == 1
    sheet.reload()
    detection = sheet.locator('[data-criterion="detection"]')
    expect(detection.locator('[data-key="4"]')).to_have_attribute("aria-pressed", "true")
    expect(sheet.locator('[data-criterion="diagnostic-quality"]')).to_have_class("question current")


def test_arrows_lead_to_a_question_and_its_answer_may_be_changed(sheet, tmp_path):
    press(sheet, "ArrowDown", "ArrowDown", "ArrowUp", "2", "ArrowUp", "5")

    expect(sheet.locator("#answered")).to_have_text("1")
    expect(sheet.locator(".saving")).to_have_count(0)
    (answer,) = gather([tmp_path]).readers[0].answers
    assert (answer.criterion, answer.given) == ("diagnostic-quality", 5)


def test_enter_warns_of_open_questions_once(sheet):
    press(sheet, "3", "Enter")
    expect(sheet.get_by_role("alert")).to_contain_text("13 of 14 questions are open")

    press(sheet, "Enter")

    sheet.wait_for_url("**/case/2")


def test_buttons_answer_too(sheet, tmp_path):
    sheet.get_by_role("group", name="Overall").get_by_role("button", name="not readable").click()

    expect(sheet.locator("#answered")).to_have_text("1")
    (answer,) = gather([tmp_path]).readers[0].answers
    assert (answer.criterion, answer.score) == ("overall", None)


def test_both_pictures_are_zoomed_and_moved_in_step(sheet):
    assert is_in_step(sheet)
    before = grey(sheet, "left")

    press(sheet, "z", "+", "+", "Shift+ArrowRight", "Shift+ArrowDown")
    settled(sheet)
    moved = grey(sheet, "left")
    assert is_in_step(sheet)
    assert not np.array_equal(before, moved)
    expect(sheet.locator("#zoom")).to_have_text("156 %")

    box = sheet.locator("#right").bounding_box()
    sheet.mouse.move(box["x"] + 200, box["y"] + 200)
    sheet.mouse.down()
    sheet.mouse.move(box["x"] + 120, box["y"] + 260, steps=3)
    sheet.mouse.up()
    sheet.mouse.wheel(0, -100)
    settled(sheet)
    assert is_in_step(sheet)
    assert not np.array_equal(moved, grey(sheet, "left"))

    press(sheet, "f")
    settled(sheet)
    np.testing.assert_array_equal(grey(sheet, "left"), before)


def test_both_pictures_are_windowed_in_step(sheet):
    before = grey(sheet, "left")
    expect(sheet.locator("#window")).to_have_text("C 2048 W 4096")

    press(sheet, *"....")
    settled(sheet)
    brighter = grey(sheet, "left")
    assert brighter.mean() > before.mean() + 20
    assert abs(brighter.mean() - grey(sheet, "right").mean()) < 2

    press(sheet, "r", *"[[[[[[")
    settled(sheet)
    assert grey(sheet, "right").std() > before.std() * 1.15

    press(sheet, "r")
    box = sheet.locator("#left").bounding_box()
    sheet.mouse.move(box["x"] + 100, box["y"] + 100)
    sheet.mouse.down(button="right")
    sheet.mouse.move(box["x"] + 100, box["y"] + 200, steps=3)
    sheet.mouse.up(button="right")
    settled(sheet)
    assert grey(sheet, "right").mean() < before.mean() - 20

    press(sheet, "r")
    settled(sheet)
    np.testing.assert_array_equal(grey(sheet, "left"), before)


def test_every_pixel_is_shown_through_the_window_bit_for_bit(sheet, pairs):
    large = cv2.imread(str(pairs[0][1]), cv2.IMREAD_UNCHANGED)

    press(sheet, "z")
    settled(sheet)

    shown = grey(sheet, "left")
    height, width = shown.shape
    left, top = 600 - width // 2, 700 - height // 2
    tones = np.rint(255 * np.clip(large / 4095, 0, 1))
    offsets = [
        np.abs(shown - tones[top + down :, left + along :][:height, :width]).max()
        for down in (-1, 0)
        for along in (-1, 0)
    ]
    assert min(offsets) <= 1


def test_where_the_pointer_is_on_one_picture_is_shown_on_the_other(sheet):
    box = sheet.locator("#left").bounding_box()

    sheet.mouse.move(box["x"] + 120, box["y"] + 80)

    markers = sheet.locator(".marker")
    expect(markers.nth(0)).to_be_hidden()
    other = markers.nth(1).bounding_box()
    right = sheet.locator("#right").bounding_box()
    assert other["x"] + other["width"] / 2 - right["x"] == pytest.approx(120, abs=1)
    assert other["y"] + other["height"] / 2 - right["y"] == pytest.approx(80, abs=1)


def test_keys_are_explained_and_the_dialog_closes(sheet):
    press(sheet, "?")
    expect(sheet.get_by_role("dialog")).to_be_visible()
    press(sheet, "5", "Escape")

    expect(sheet.get_by_role("dialog")).to_be_hidden()
    expect(sheet.locator("#answered")).to_have_text("0")


def test_when_the_server_is_gone_the_reader_is_told_and_nothing_seems_kept(
    browser, tmp_path, pairs
):
    with page(tmp_path, session_of(tmp_path, pairs), pairs) as address:
        tab = browser.new_page()
        tab.goto(address.url)
        tab.get_by_role("link", name="Begin with case 1").click()
        tab.wait_for_selector(DRAWN)

    press(tab, "5")

    expect(tab.get_by_role("alert")).to_contain_text("was not kept")
    expect(tab.locator('[aria-pressed="true"]')).to_have_count(0)
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(browser, address, scheme):
    """WCAG 2.2, 1.4.3: contrast of at least 4.5 : 1."""
    context = browser.new_context(color_scheme=scheme)
    tab = context.new_page()
    tab.goto(address.url)
    tab.get_by_role("link", name="Begin with case 1").click()
    tab.wait_for_selector(DRAWN)
    colours = tab.evaluate("""() => {
        const behind = element => {
            for (let one = element; one; one = one.parentElement) {
                const colour = getComputedStyle(one).backgroundColor;
                if (!colour.startsWith("rgba(0, 0, 0, 0")) return colour;
            }
            return getComputedStyle(document.body).backgroundColor;
        };
        const names = "p, h1, h2, legend, button, a, output, span, kbd";
        const text = [...document.querySelectorAll(names)];
        return text.filter(one => one.checkVisibility() && one.textContent.trim()).map(
            one => [one.textContent.trim(), getComputedStyle(one).color, behind(one)]);
    }""")
    context.close()

    assert len(colours) > 100
    faint = {text: contrast(ink, paper) for text, ink, paper in colours}
    assert {text: ratio for text, ratio in faint.items() if ratio < 4.5} == {}


def contrast(ink, paper):
    first, second = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def luminance(colour):
    inside = colour[colour.index("(") + 1 : -1].split(",")
    shares = np.array([float(one) for one in inside[:3]]) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
