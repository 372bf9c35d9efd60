"""Pairs to read, and the reading page in front of a reader."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import cv2
import httpx
import numpy as np
from clock import now

from service.reader_study.serving import Address, Sitting, serve, take
from service.reader_study.session import Session, Wish, enter

NAME = "SURNAME-19610501"
"""In the names of files, as people do: it must not be seen."""
Pairs = Sequence[tuple[Path, Path]]


def pictures(folder: Path, cases: int = 2, rows: int = 700, columns: int = 600) -> Pairs:
    """Write originals of random 12-bit pixels, and the same with four for every pixel, 1 higher."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(cases):
        pixels = np.random.default_rng(number).integers(0, 4095, (rows, columns), np.uint16)
        large = pixels.repeat(2, axis=0).repeat(2, axis=1) + np.uint16(1)
        paths = (folder / f"{NAME}-{number}.png", folder / f"{NAME}-{number}-sr.png")
        for path, values in zip(paths, (pixels, large), strict=True):
            cv2.imwrite(str(path), values)
        found.append(paths)
    return found


def session_of(
    folder: Path, pairs: Pairs, *, reader: str = "anna", blinded: bool = True, seed: int = 0
) -> Session:
    """Return the session of a reader in `folder`, which begins or goes on."""
    return enter(folder, pairs, Wish(reader, blinded, seed), now())


@contextmanager
def page(folder: Path, session: Session, pairs: Pairs) -> Iterator[Address]:
    """Serve the page to that reader meanwhile."""
    address, stop = take("127.0.0.1", 0), Event()
    serving = Thread(target=serve, args=(address, Sitting(folder, session, pairs), now, stop))
    serving.start()
    try:
        yield address
    finally:
        stop.set()
        serving.join(timeout=20)
        address.listening.close()


@contextmanager
def browser_of(address: Address) -> Iterator[httpx.Client]:
    """Come in as a browser does, with the token, and keep the cookie."""
    with httpx.Client(base_url=f"http://127.0.0.1:{address.port}", timeout=20) as client:
        client.get("/", params={"token": address.token}).raise_for_status()
        yield client
