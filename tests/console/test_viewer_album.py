"""What is ready to be looked at: made once, bounded, whole or not there."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from service.errors import BadObjectError, RefusedError, SpoolFullError, UnavailableError
from service.tiles.album import MOST_WAITING, Album, Room
from service.tiles.packed import opened, pack
from service.tiles.picture import Picture
from service.tiles.pyramid import LITTLE_ENDIAN, TILE, Pyramid

PLENTY = 1 << 40
DYING = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from service.tiles.album import Album, Room
from test_viewer_album import PLENTY, picture

class Slow:
    def tobytes(self):
        print("writing", flush=True)
        time.sleep(60)

made = picture(600, 500)
object.__setattr__(made, "tones", type("Tones", (Slow,), {"__len__": lambda self: 256})())
album = Album(Path(sys.argv[1]), Room(PLENTY, 0, lambda: PLENTY))
album.look("name", lambda: made).result()
"""


def picture(rows=600, columns=500, seed=0):
    down, across = np.mgrid[:rows, :columns]
    pixels = (1800 * (1 + np.sin(down / 90 + seed) * np.cos(across / 70))).astype(np.uint16)
    return Picture(pixels, np.arange(4096).astype(np.uint8), 2048, 4096)


@pytest.fixture
def album(tmp_path):
    return Album(tmp_path / "viewer", Room(PLENTY, 0, lambda: PLENTY))


def files(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (512, 512), (513, 1), (1300, 1025)])
def test_every_tile_of_every_step_comes_back(tmp_path, rows, columns):
    made = picture(rows, columns)
    pack(made, tmp_path / "file")
    found = opened(tmp_path / "file")
    grid = found.told.grid

    assert found.tones() == made.tones.tobytes()
    for level in range(grid.levels):
        high, wide = grid.size(level)
        whole = np.zeros((high, wide), LITTLE_ENDIAN)
        for row in range(0, high, TILE):
            for column in range(0, wide, TILE):
                cut = whole[row : row + TILE, column : column + TILE]
                tile = found.tile(level, column // TILE, row // TILE)
                cut[:] = np.frombuffer(tile, LITTLE_ENDIAN).reshape(cut.shape)
        if level == 0:
            np.testing.assert_array_equal(whole, made.pixels)
        elif rows > 1 and columns > 1:
            direct = Pyramid(made.pixels, grid).tile(level, 0, 0)
            tile = np.frombuffer(found.tile(level, 0, 0), LITTLE_ENDIAN).astype(int)
            near = np.frombuffer(direct, LITTLE_ENDIAN).astype(int)
            assert np.abs(near - tile).max() < 30


def test_many_who_open_at_once_have_it_made_once(album):
    begun, may_end = [], threading.Event()

    def make():
        begun.append(1)
        may_end.wait(10)
        return picture()

    waiting = [album.look("name", make) for _ in range(20)]
    may_end.set()
    packs = {one.result(timeout=20) for one in waiting}

    assert (len(begun), len(packs)) == (1, 1)
    assert album.look("name", make).result().told.rows == 600
    assert len(begun) == 1


def test_so_many_are_made_at_a_time_and_too_many_are_turned_away(album):
    at_once, most, lock = [0], [0], threading.Lock()
    are_two, may_end = threading.Event(), threading.Event()

    def make():
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
            if at_once[0] == 2:
                are_two.set()
        may_end.wait(10)
        with lock:
            at_once[0] -= 1
        return picture(40, 30)

    waiting = [album.look(str(number), make) for number in range(MOST_WAITING)]
    with pytest.raises(UnavailableError, match="too many"):
        album.look("one more", make)
    assert are_two.wait(10)
    may_end.set()

    assert all(one.result(timeout=20) for one in waiting)
    assert most[0] == 2


def test_the_folder_stays_within_its_bytes_and_the_oldest_go_first(tmp_path):
    folder = tmp_path / "viewer"
    album = Album(folder, Room(2_200_000, 0, lambda: PLENTY))  # a picture has 0.75 MB
    for number, name in enumerate("abc"):
        album.look(name, picture).result()
        os.utime(folder / f"{name}.tiles", (number, number))
        if name == "b":
            album.look("a", picture).result()  # looked at again
            os.utime(folder / "a.tiles", (5, 5))

        assert sum(path.stat().st_size for path in folder.iterdir()) <= 2_200_000

    assert files(folder) == ["a.tiles", "c.tiles"]
    assert album.known("b") is None
    with pytest.raises(RefusedError, match=r"console\.viewer_mb"):
        album.look("large", lambda: picture(2000, 2000)).result()


def test_what_nobody_opened_for_long_goes(album, tmp_path):
    for name in "ab":
        album.look(name, picture).result()
    os.utime(tmp_path / "viewer" / "a.tiles", (1, 1))

    album.sweep(before=1000)

    assert files(tmp_path / "viewer") == ["b.tiles"]
    assert album.known("a") is None


def test_a_disk_that_is_almost_full_is_left_to_images_that_come_in(tmp_path):
    album = Album(tmp_path / "viewer", Room(PLENTY, 10_000_000, lambda: 10_100_000))

    with pytest.raises(SpoolFullError):
        album.look("name", picture).result()

    assert files(tmp_path / "viewer") == []


def test_what_cannot_be_made_is_tried_again_by_the_next(album):
    def broken():
        raise BadObjectError("it cannot be read")

    with pytest.raises(BadObjectError):
        album.look("name", broken).result()

    assert album.look("name", picture).result().told.columns == 500


def test_a_picture_that_went_meanwhile_is_made_again(album, tmp_path):
    found = album.look("name", picture).result()
    (tmp_path / "viewer" / "name.tiles").unlink()

    assert album.known("name") is None
    with pytest.raises(UnavailableError):
        found.tile(0, 0, 0)
    assert album.look("name", picture).result().tile(0, 0, 0)


def test_who_is_killed_on_the_way_leaves_nothing_that_is_looked_at(album, tmp_path):
    folder = tmp_path / "viewer"
    command = [sys.executable, "-c", DYING, str(folder), str(Path(__file__).parent)]
    dying = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert dying.stdout.readline() == b"writing\n"
    dying.send_signal(signal.SIGKILL)
    dying.wait()
    dying.stdout.close()
    (left,) = files(folder)
    assert left.endswith(".part")

    begun = time.monotonic()
    assert album.look("name", picture).result().tile(1, 0, 0)

    assert time.monotonic() - begun < 20
    album.clear()
    assert files(folder) == []
