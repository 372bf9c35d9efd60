"""The console in a real browser, on a node that is up, with studies that come by DICOM."""

import pytest
from consoles import PASSWORD
from node import Node
from peers.chromium import chromium, watched
from peers.dcmtk import StoreScp, storescu
from peers.programs import listens, until
from phantoms import mammogram, saved
from playwright.sync_api import expect

from service.ledger.people import Role, User

PAGES = (
    "", "studies", "jobs", "deliveries", "destinations", "routes", "routes/draft", "notifications",
    "models", "users", "audit",
)  # fmt: skip
PATIENCE_MS = 120_000
"""A machine that does much else takes its time."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def pacs(tmp_path_factory):
    """A PACS that is down at first."""
    server = StoreScp(tmp_path_factory.mktemp("pacs"))
    yield server
    server.stop()


@pytest.fixture
def taking_pacs(pacs):
    """It is up, from now on."""
    if not listens(pacs.port):
        pacs.start()
    return pacs


@pytest.fixture(scope="module")
def node(tmp_path_factory, pacs):
    found = Node(tmp_path_factory.mktemp("node"), pacs.port)
    found.start()
    found.wait_until_ready()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def people(node):
    """The users, made as on a new node: by the command line."""
    for role in Role:
        made = node.fed(PASSWORD, "users", "add", str(role), "--role", str(role))
        assert made.returncode == 0, made.stderr
    return node


@pytest.fixture(scope="module")
def browser():
    with chromium(PATIENCE_MS) as started:
        yield started


@pytest.fixture
def tab(browser, people):
    """A tab on the node; what it complains of, or asks of others, fails."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    found = context.new_page()
    with watched(found, people.http_port):
        found.goto(f"http://127.0.0.1:{people.http_port}/")
        yield found
        context.close()


def sign_in(tab, role):
    tab.get_by_label("Name").fill(str(role))
    tab.get_by_label("Password").fill(PASSWORD)
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Overview")).to_be_visible()


def turn_to(tab, page):
    pages = tab.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name=page, exact=True).click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text(page)


def arrive(node, folder, *, seed, spoil=False):
    """Send the node a mammogram, most of whose pixels are missing if spoilt; return its study."""
    image = mammogram("RMLO", seed=seed, rows=192, columns=144)
    if spoil:
        image.PixelData = image.PixelData[: len(image.PixelData) // 3]
    folder.mkdir(exist_ok=True)
    assert storescu([saved(image, folder)], node.port).returncode == 0
    return str(image.StudyInstanceUID)


def test_a_new_node_says_how_to_make_the_first_user(node):
    assert "nobody can sign in yet: senoscope users add NAME --role admin" in node.log.read_text()


def test_results_that_wait_for_a_pacs_are_sent_when_it_is_back(tab, people, pacs, tmp_path):
    sign_in(tab, Role.OPERATOR)
    study = arrive(people, tmp_path, seed=2)
    turn_to(tab, "Studies")
    row = tab.get_by_role("row", name=study)
    expect(row).to_contain_text("sending")

    turn_to(tab, "Destinations")
    expect(tab.get_by_role("row", name="pacs")).to_contain_text("unreachable")
    tab.get_by_role("button", name="C-ECHO").click()
    expect(tab.locator("main .notice.bad")).to_contain_text("pacs")
    pacs.start()
    tab.get_by_role("button", name="C-ECHO").click()
    expect(tab.locator("main .notice.good")).to_contain_text("answers")
    tab.get_by_role("button", name="Send now").click()
    expect(tab.get_by_text("The deliveries are owed again now.")).to_be_visible()

    tab.goto(f"http://127.0.0.1:{people.http_port}/studies/{study}")
    expect(tab.get_by_role("heading", name=study)).to_contain_text("done")
    expect(tab.locator(".timeline .good").last).to_contain_text("pacs has 2 results of image 1")


def test_studies_are_found_while_typing(tab, people, tmp_path):
    study = arrive(people, tmp_path, seed=4)
    sign_in(tab, Role.VIEWER)
    turn_to(tab, "Studies")
    expect(tab.get_by_role("link", name=study)).to_be_visible()

    tab.get_by_role("searchbox", name="Search").press_sequentially("9.9.9")

    expect(tab.get_by_text("No study is so.")).to_be_visible()
    with tab.expect_response(lambda answer: "text=9.9.9" in answer.url):
        pass  # the list shows itself anew, and it is still that search's
    expect(tab.get_by_text("No study is so.")).to_be_visible()
    tab.get_by_role("searchbox", name="Search").fill(study)
    expect(tab.get_by_role("link", name=study)).to_be_visible()


def test_an_administrator_makes_a_user_and_sees_who_did_what(tab, people):
    sign_in(tab, Role.ADMIN)
    turn_to(tab, "Users")
    tab.get_by_label("Name", exact=True).fill("ada")
    tab.get_by_role("combobox", name="Role", exact=False).last.select_option("operator")
    tab.get_by_label("Password", exact=True).fill("a long enough secret")
    tab.get_by_role("button", name="Add").click()
    expect(tab.get_by_text("The user may sign in.")).to_be_visible()

    turn_to(tab, "Audit")

    expect(tab.get_by_role("row", name="ada as operator")).to_contain_text("admin")
    ledger = people.ledger()
    assert isinstance(ledger.user("ada"), User)
    ledger.close()


def test_a_day_at_the_console(tab, people, taking_pacs, tmp_path):
    sign_in(tab, Role.ADMIN)
    failed = _a_failure_is_seen_with_its_reason_and_tried_again(tab, people, tmp_path / "bad")
    _a_mistake_in_the_routes_is_told_where_and_mended_and_applied(tab, tmp_path)
    study = _a_study_is_watched_as_it_arrives(tab, people, tmp_path / "good")
    image = _before_and_after_are_looked_at_under_the_bar(tab)
    _the_results_are_sent_again(tab, people, taking_pacs, study)

    turn_to(tab, "Audit")

    for what in (
        f"job.retry {failed[:12]} done",
        "routes.apply sha256",
        f"image.view {image} done",
        f"study.resend {study} to pacs done",
    ):
        expect(tab.get_by_role("row", name=what).first).to_contain_text("admin")
    expect(tab.get_by_role("row", name="session.begin").first).to_contain_text("done")


def _a_failure_is_seen_with_its_reason_and_tried_again(tab, node, folder):
    """Return the job."""
    study = arrive(node, folder, seed=1, spoil=True)
    tab.get_by_role("link", name="1 failed").click()
    tab.get_by_role("link", name=study).click()
    told = tab.locator(".timeline .bad")
    expect(told).to_contain_text("Work on super-resolution of image 1 ended")
    expect(told).to_contain_text("Given up")
    tab.get_by_role("button", name="Retry").click()
    expect(tab.get_by_text("The job is queued again.")).to_be_visible()
    expect(tab.get_by_role("heading", name="Job")).to_contain_text("dead")
    return tab.url.split("/")[-1].partition("?")[0]


def _a_mistake_in_the_routes_is_told_where_and_mended_and_applied(tab, folder):
    turn_to(tab, "Routes")
    tab.get_by_role("link", name="Edit a draft").click()
    text, findings = tab.get_by_label("routes.toml", exact=True), tab.locator("#findings")
    right = text.input_value()
    expect(findings).to_contain_text("Right: 1 route, 1 destination.")

    text.fill(right.replace('name = "everything"', 'nam = "all of it"'))
    expect(findings).to_contain_text("did you mean")
    findings.get_by_role("button", name="Line 7, column 1").first.click()
    caret = tab.evaluate("[document.activeElement.id, document.activeElement.selectionStart]")
    assert caret == ["text", right.index("name =")]
    tab.reload()
    assert 'nam = "all of it"' in text.input_value()

    text.fill(right.replace("everything", "all-of-it"))
    expect(findings).to_contain_text("Right: 1 route, 1 destination.")
    image = saved(mammogram("LCC", seed=8, rows=192, columns=144), folder)
    tab.locator('input[type="file"]').set_input_files(image)
    expect(tab.locator("#tried")).to_contain_text("all-of-it, super-resolution: taken")
    tab.get_by_role("button", name="Look at the last 200 studies").click()
    expect(tab.locator("#replayed")).to_contain_text("would change")
    tab.once("dialog", lambda asked: asked.accept())
    tab.get_by_role("button", name="Apply").click()
    expect(tab.get_by_text("The routes are written")).to_be_visible()
    expect(tab.get_by_role("cell", name="all-of-it")).to_be_visible()
    expect(tab.get_by_role("row", name="on the disk")).to_contain_text("Version 2")


def _a_study_is_watched_as_it_arrives(tab, node, folder):
    """Return it; its page is on the screen, and was loaded before the work on it began."""
    turn_to(tab, "Overview")
    counted, state = tab.locator(".tiles b"), tab.locator("h1 .badge")
    before = int(counted.first.inner_text())
    tab.evaluate("window.isSame = true")
    study = arrive(node, folder, seed=3)
    expect(counted.first).to_have_text(str(before + 1))
    assert tab.evaluate("window.isSame") is True

    tab.goto(f"http://127.0.0.1:{node.http_port}/studies/{study}")
    tab.evaluate("window.isSame = true")
    expect(state).to_have_text("done")
    expect(tab.locator(".timeline")).to_contain_text("pacs has 2 results of image 1")
    expect(tab.get_by_text("Taken by route all-of-it", exact=False).last).to_be_visible()
    assert tab.evaluate("window.isSame") is True
    return study


def _before_and_after_are_looked_at_under_the_bar(tab):
    """Return the image."""
    tab.get_by_role("link", name="Look at image 1 and its results").click()
    tab.wait_for_selector('#viewer[data-drawn="yes"]')
    expect(tab.get_by_text("Super-resolved x2", exact=True)).to_be_visible()
    tab.get_by_role("button", name="Swipe").click()
    stage = tab.locator("#stages").bounding_box()
    tab.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + 200)
    tab.mouse.down()
    tab.mouse.move(stage["x"] + stage["width"] / 4, stage["y"] + 200)
    tab.mouse.up()
    expect(tab.get_by_role("slider")).to_have_attribute("aria-valuenow", "25")
    expect(tab.locator("#enlarged")).to_have_css("clip-path", "inset(0px 0px 0px 25%)")
    image = tab.url.split("/")[-1]
    tab.get_by_role("link", name="study 2.25.").click()
    return image


def _the_results_are_sent_again(tab, node, pacs, study):
    ledger = node.ledger()
    owed = {one.sop_instance_uid for one in ledger.deliveries(study)}
    had = [path for path in pacs.files() if path.stem.partition(".")[2] in owed]
    for path in had:
        path.unlink()

    tab.once("dialog", lambda asked: asked.accept())
    tab.get_by_role("button", name="Send again to pacs").click()

    expect(tab.get_by_text("What the destination was sent of this study is owed")).to_be_visible()
    until(lambda: owed <= {*pacs.instances()}, 60)
    assert len(had) == len(owed) == 2
    ledger.close()


@pytest.mark.parametrize("width", [1280, 820])
def test_no_page_is_wider_than_the_screen(tab, people, width):
    sign_in(tab, Role.ADMIN)
    tab.set_viewport_size({"width": width, "height": 1000})
    for page in PAGES:
        tab.goto(f"http://127.0.0.1:{people.http_port}/{page}")

        assert tab.evaluate("document.documentElement.scrollWidth") <= width, page
