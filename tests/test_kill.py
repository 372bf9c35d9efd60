"""Nothing that was answered Success is lost, whoever is killed."""

import random
import threading
import time
from collections import Counter

import pytest
from node import Node
from peers.programs import until
from phantoms import saved, study
from pydicom import dcmread

from service.delivery.files import send_files
from service.delivery.peer import Address

STUDIES = 10
KILLS = 20


@pytest.mark.timeout(600)
def test_kill_9_at_20_moments_loses_no_image_and_doubles_no_result(tmp_path, storescp):
    studies = [study(rows=256, columns=208, seed=100 + number) for number in range(STUDIES)]
    files = [saved(image, tmp_path) for images in studies for image in images]
    node = Node(tmp_path / "node", storescp.port)
    node.start()
    node.wait_until_ready()
    taken: list = []
    sender = threading.Thread(target=send_until_taken, args=(node, files, taken))
    moments = random.Random(20261123)  # noqa: S311 - the same moments every time

    sender.start()
    for _ in range(KILLS):
        time.sleep(moments.uniform(0.2, 4))
        alive = node.processes()
        if alive:
            node.kill(moments.choice(alive))
    if node.process.poll() is not None:
        node.start()
    sender.join()

    assert len(taken) == len(files)
    sources = {dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in files}
    until(lambda: len(storescp.files()) >= 2 * len(sources), 180, why=node.log.read_text)
    node.wait_until_ready()
    assert node.stop() == 0
    results = [dcmread(path, stop_before_pixels=True) for path in storescp.files()]
    made = Counter((source_of(result, sources), result.SOPClassUID) for result in results)
    assert {source for source, _ in made} == sources
    assert set(made.values()) == {1}
    assert len(made) == 2 * len(sources)


def send_until_taken(node, files, taken):
    """Send as a modality does: what was not answered Success is sent again."""
    left = list(files)
    while left:
        for sent in send_files(left[:4], Address("SENOSCOPE", "127.0.0.1", node.port), "MAMMO1"):
            if sent.ok:
                taken.append(sent.path)
                left.remove(sent.path)
        time.sleep(0.5)


def source_of(result, sources):
    """Return the SOP Instance UID of the image that a result was made from."""
    referenced: set = set()
    result.walk(
        lambda _, element: (
            referenced.add(element.value) if element.keyword == "ReferencedSOPInstanceUID" else None
        )
    )
    (source,) = referenced & sources
    return source
