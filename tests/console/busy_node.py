"""A node with something on every page of its console: made of phantoms, for pictures of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from consoles import PASSWORD
from node import Node
from peers.dcmtk import StoreScp, storescu
from peers.programs import until
from phantoms import mammogram, saved, study
from pydicom import Dataset
from receiving import WebServer

from service.demo.orthanc import free_port
from service.ledger.people import Role
from service.ledger.records import JobState

SIZE = {"rows": 1152, "columns": 896}
SETTINGS = """\
[notify]
every_s = 0.5
gather_s = 1
per_hour = 60
[notify.webhook]
url = "{url}"
"""
ROUTES = """\
# Results go to the PACS; screening studies wait for their four views.
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = {pacs}

[destinations.archive]
ae_title = "ARCHIVE"
host = "127.0.0.1"
port = {archive}

[[routes]]
name = "screening"
calling = ["MAMMO*"]
when = [{{ keyword = "Modality", any_of = ["MG"] }}]
complete = {{ views = ["RCC", "LCC", "RMLO", "LMLO"], quiet_s = 2, at_most_s = 20 }}
pipelines = ["super-resolution", "cad"]
send_to = ["pacs"]

[[routes]]
name = "second-opinion"
calling = ["CLINIC"]
complete = {{ quiet_s = 1 }}
pipelines = ["super-resolution"]
send_to = ["pacs", "archive"]
"""
WRONG = """\

[[routes]]
name = "biopsy"
calling = ["MAMMO*"]
wen = [{ keyword = "Modality", any_of = ["MG"] }]
pipelines = ["super-resolution"]
send_to = ["pasc"]
"""
PEOPLE = {"ada": Role.ADMIN, "otto": Role.OPERATOR, "vera": Role.VIEWER}
FINDS_SEED = 4
"""Of an image in which the CAD finds something."""


@contextmanager
def busy_node(folder: Path) -> Iterator[tuple[Node, dict[str, Dataset]]]:
    """Run it as long as the block lasts; give what was sent: `found`, `broken`, `second`."""
    told, pacs = WebServer(), StoreScp(folder / "pacs")
    node = Node(folder / "node", pacs.port, extra=SETTINGS.format(url=told.url))
    routes = ROUTES.format(pacs=pacs.port, archive=free_port())
    node.config.with_name("routes.toml").write_text(routes)
    told.start()
    pacs.start()
    node.start()
    try:
        node.wait_until_ready()
        for name, role in PEOPLE.items():
            node.fed(PASSWORD, "users", "add", name, "--role", str(role))
        yield node, _sent(node, folder / "sent")
    finally:
        node.stop()
        pacs.stop()
        told.stop()


def _sent(node: Node, folder: Path) -> dict[str, Dataset]:
    """Send what there is to be seen, and wait until the node has done what it can."""
    folder.mkdir()
    found = study(seed=FINDS_SEED, **SIZE)
    broken = mammogram("RMLO", seed=1, rows=192, columns=144)
    broken.PixelData = broken.PixelData[: len(broken.PixelData) // 3]
    partial = study(seed=7, rows=192, columns=144)[:3]
    second = study(seed=6, rows=192, columns=144)[:2]
    for images, calling in (
        (found, "MAMMO1"),
        ([broken], "CLINIC"),
        (second, "CLINIC"),
        (partial, "MAMMO2"),
        ([mammogram("LCC", seed=9, rows=192, columns=144)], "STRANGER"),
    ):
        storescu([saved(image, folder) for image in images], node.port, calling)
    _wait(node)
    node.run("engines", "verify", "densenet121", "--device", "cpu")
    return {"found": found[-1], "broken": broken, "second": second[0]}


def _wait(node: Node) -> None:
    ledger = node.ledger()
    ended = {JobState.DONE, JobState.DEAD}
    until(lambda: not ledger.undecided_studies(), 120)
    until(lambda: {one.state for one in ledger.jobs(limit=None)} <= ended, 600)
    until(lambda: all(one.sent_at for one in ledger.deliveries() if one.destination == "pacs"), 120)
    ledger.close()
