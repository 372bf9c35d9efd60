"""Routes that are edited while studies flow: nothing is lost, nothing is done twice."""

import threading
from collections import Counter
from itertools import count

from clock import now
from loopback import door
from peers.dcmtk import storescu
from peers.programs import until
from phantoms import saved, study
from routing import SMALL, Enlarges

from service.router.router import Router
from service.router.routes_file import RoutesFile
from service.router.writing import write_routes

ROUTES = """\
# edit {number}
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = 11112

[[routes]]
name = "screening"
complete = {{ views = ["RCC", "LCC", "RMLO", "LMLO"], quiet_s = {quiet_s} }}
pipelines = ["sr"]
send_to = ["pacs"]
"""
STUDIES = 12


class Queue(list[str]):
    """What would wake a worker."""

    def put(self, job_id: str) -> None:
        self.append(job_id)


def test_nothing_is_lost_or_doubled_while_routes_are_edited(tmp_path):
    path, queue, stop = tmp_path / "routes.toml", Queue(), threading.Event()
    path.write_text(ROUTES.format(number=0, quiet_s=900))
    file = RoutesFile(path, {"sr"})
    series = [study(seed=seed, **SMALL) for seed in range(STUDIES)]
    uids = [images[0].StudyInstanceUID for images in series]

    with door(tmp_path / "node") as there:
        router = Router(
            there.ledger, there.spool, file.current, {"sr": Enlarges()}, {"sr": "1"}, queue, now
        )
        loops = [
            threading.Thread(target=router.run, args=(stop,)),
            threading.Thread(target=edit, args=(path, stop)),
        ]
        for loop in loops:
            loop.start()
        for images in series:
            sent = storescu([saved(image, tmp_path) for image in images], there.port)
            assert sent.returncode == 0
        until(lambda: all(map(there.ledger.completions, uids)), 20, why=lambda: "not all judged")
        stop.set()
        for loop in loops:
            loop.join()
        jobs = [job for uid in uids for job in there.ledger.jobs(uid)]
        made = Counter(uid for job in jobs for uid in job.sop_instance_uids)
        versions = {one.number: one for one in there.ledger.routes_versions()}
        completions = [one for uid in uids for one in there.ledger.completions(uid)]

    assert made == Counter(image.SOPInstanceUID for images in series for image in images)
    assert sorted(queue) == sorted(job.job_id for job in jobs)
    assert len(completions) == STUDIES
    assert len(versions) > 1
    assert {job.routes_version for job in jobs} <= versions.keys()


def edit(path, stop) -> None:
    """Put other routes in force again and again, and now and then some that are wrong."""
    for number in count(1):
        if stop.wait(0.2):
            return
        text = ROUTES.format(number=number, quiet_s=900 + number)
        write_routes(path, text, {"sr"})
        if number % 3 == 0:
            path.write_text(text.replace("pipelines", "pipelins"))
