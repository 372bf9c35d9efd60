"""The plan store: what is kept is found again, and what could be anything else is not loaded."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_networks import GOOD, shelve_small

from engines.plans.manifest import Circumstances, Fingerprint, Manifest, PlanError
from engines.plans.store import PlanStore

ROOT = Path(__file__).parents[2]
HERE = Circumstances(driver="580.65", cuda="13.0", memory="80 GiB")
UPDATED = Circumstances(driver="590.10", cuda="13.0", memory="80 GiB")
BAD = GOOD.model_copy(update={"passed": False, "reason": "strays by 2, 0.1 is tolerated"})


def wanted(**changes):
    told = {
        "name": "small",
        "version": "1",
        "backend": "tensorrt-fp16",
        "weights": "0" * 64,
        "window": (1, 1, 24, 24),
        "library": "tensorrt 11.4.0.106",
        "machine": "NVIDIA H100, compute capability 9.0, 132 multiprocessors",
    }
    return Fingerprint(**{**told, **changes})


def manifest_of(fingerprint):
    return Manifest(
        fingerprint=fingerprint,
        circumstances=HERE,
        built_at=datetime(2026, 1, 2, tzinfo=UTC),
        built_by="a test",
        seconds=1.5,
    )


def maker(fingerprint, plan=b"native code"):
    return lambda: (manifest_of(fingerprint), plan)


def unwanted():
    pytest.fail("it was built again")


@pytest.fixture
def store(tmp_path):
    return PlanStore(tmp_path / "plans")


@pytest.fixture
def kept(store):
    return store.obtain(wanted(), maker(wanted()))


@pytest.fixture
def card(tmp_path):
    return shelve_small(tmp_path / "models")


def file_of(store, kind):
    (path,) = store.folder.glob(f"*/*/*.{kind}")
    return path


def test_what_was_built_once_is_found_again(store, kept):
    again = store.obtain(wanted(), unwanted)

    assert again == kept == store.find(wanted())
    assert store.plan(again) == b"native code"


def test_a_plan_lies_with_its_model_under_its_back_end(store, kept):
    path = file_of(store, "plan")

    assert path.relative_to(store.folder).parts[:2] == ("small", "1")
    assert path.name.startswith("tensorrt-fp16-")
    assert kept.plan.size == path.stat().st_size == 11


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weights": "1" * 64}, "weights 0000.*, not 1111"),
        ({"window": (8, 1, 24, 24)}, r"window \(1, 1, 24, 24\), not \(8, 1, 24, 24\)"),
        ({"library": "tensorrt 11.5"}, "library tensorrt 11.4.0.106, not tensorrt 11.5"),
        ({"machine": "NVIDIA A100"}, "machine NVIDIA H100.*, not NVIDIA A100"),
        ({"recipe": "workspace 1"}, "recipe , not workspace 1"),
        ({"version": "2"}, "no plan of small 2 on tensorrt-fp16 for NVIDIA H100"),
        ({"backend": "tensorrt-fp32"}, "no plan of small 1 on tensorrt-fp32 for NVIDIA H100"),
    ],
)
def test_for_anything_else_there_is_no_plan_and_it_is_said_what_differs(store, kept, change, told):
    assert kept.plan

    with pytest.raises(PlanError, match=told):
        store.find(wanted(**change))


def test_a_plan_serves_once_it_was_verified(store, kept, card):
    with pytest.raises(PlanError, match="it was never verified"):
        store.verified(wanted(), card, HERE)

    verified = store.with_verification(kept, GOOD, HERE)

    assert store.verified(wanted(), card, HERE) == verified
    assert store.plan(verified) == b"native code"


def test_a_plan_that_failed_verification_never_serves(store, kept, card):
    store.with_verification(kept, BAD, HERE)

    with pytest.raises(PlanError, match=r"did not pass verification: strays by 2, 0\.1 is"):
        store.verified(wanted(), card, HERE)


def test_under_another_driver_a_plan_is_kept_but_must_be_verified_again(store, kept, card):
    store.with_verification(kept, GOOD, HERE)

    with pytest.raises(PlanError, match=r"under driver 580.65, .* this is driver 590.10, .* again"):
        store.verified(wanted(), card, UPDATED)

    again = store.obtain(wanted(), unwanted)
    store.with_verification(again, GOOD, UPDATED)
    assert store.verified(wanted(), card, UPDATED).plan == kept.plan


def test_a_card_that_tolerates_less_than_before_is_not_served(store, kept, card):
    store.with_verification(kept, GOOD, HERE)
    strict = card.tolerance.model_copy(update={"maximum": 1e-6})

    with pytest.raises(PlanError, match="the card tolerates less than it was verified for"):
        store.verified(wanted(), card.model_copy(update={"tolerance": strict}), HERE)


@pytest.mark.parametrize("damage", [b"", b"garbage!!!!", b"native cod", b"native code and more"])
def test_a_damaged_plan_is_not_loaded_and_is_built_anew(store, kept, damage):
    path = file_of(store, "plan")
    path.write_bytes(damage)

    with pytest.raises(PlanError, match=f"{path}: has {len(damage)} bytes of sha256 .* says 11 of"):
        store.plan(kept)

    store.obtain(wanted(), maker(wanted(), b"built anew!"))
    assert store.plan(store.find(wanted())) == b"built anew!"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"{", b"", "Invalid JSON"),
        (b'"schema_version": 1', b'"schema_version": 2', "schema_version: Input should be 1"),
        (b'"seconds"', b'"second"', "seconds: Field required"),
        (b"11.4.0.106", b"11.5", "is for library tensorrt 11.5, not tensorrt 11.4.0.106"),
        (b'"built_by"', b'"comment": "", "built_by"', "comment: Extra inputs"),
    ],
)
def test_a_damaged_manifest_is_named_and_its_plan_built_anew(store, kept, old, new, fault):
    assert kept.plan
    path = file_of(store, "json")
    path.write_bytes(path.read_bytes().replace(old, new, 1))

    with pytest.raises(PlanError, match=fault) as refused:
        store.find(wanted())

    assert str(path) in str(refused.value)
    assert store.obtain(wanted(), maker(wanted())).plan == kept.plan
    assert store.find(wanted())


def test_a_plan_without_its_manifest_is_not_loaded(store, kept):
    assert kept.plan
    file_of(store, "json").unlink()

    with pytest.raises(PlanError, match="no plan of small 1"):
        store.find(wanted())


def test_a_manifest_without_its_plan_is_not_enough(store, kept):
    file_of(store, "plan").unlink()

    with pytest.raises(PlanError, match="plan: No such file"):
        store.plan(kept)


@pytest.mark.parametrize("level", [".", "small", "small/1"])
def test_a_folder_that_others_may_write_into_is_not_trusted(store, kept, level):
    (store.folder / level).chmod(0o770)

    for use in (
        lambda: store.find(wanted()),
        lambda: store.plan(kept),
        lambda: store.obtain(wanted(), unwanted),
        lambda: store.note(manifest_of(wanted())),
    ):
        with pytest.raises(PlanError, match="may be written by others"):
            use()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("kind", ["plan", "json"])
def test_a_file_that_others_may_write_to_is_not_trusted(store, kind):
    file_of(store, kind).chmod(0o606)

    with pytest.raises(PlanError, match=f"{kind} may be written by others"):
        store.plan(store.find(wanted()))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("kind", ["plan", "json"])
def test_a_link_is_not_followed(store, kind, tmp_path):
    path = file_of(store, kind)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PlanError, match="symbolic links"):
        store.plan(store.find(wanted()))


def test_what_belongs_to_another_user_is_not_trusted(tmp_path):
    """/usr belongs to root: to anybody else it is a stranger's, and to root a fresh file is."""
    if os.geteuid() == 0:
        folder = tmp_path / "plans"
        PlanStore(folder).obtain(wanted(), maker(wanted()))
        os.chown(folder, 65534, 65534)
    else:
        folder = Path("/usr")

    with pytest.raises(PlanError, match="belongs to user"):
        PlanStore(folder).obtain(wanted(), unwanted)


def test_a_store_makes_its_folders_for_its_user_alone(store, kept):
    assert kept.plan

    for path in [store.folder, *store.folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0


def test_the_plans_not_used_for_longest_give_way(tmp_path):
    store = PlanStore(tmp_path / "plans", limit=25)
    prints = [wanted(machine=f"GPU {number}") for number in range(3)]
    first, second = (store.obtain(one, maker(one, b"ten bytes!")) for one in prints[:2])
    forgotten = file_of_manifest(store, first)
    os.utime(forgotten, ns=(2, 2))
    os.utime(file_of_manifest(store, second), ns=(1, 1))  # older, but for what follows
    store.plan(second)

    store.obtain(prints[2], maker(prints[2], b"ten bytes!"))

    assert store.plan(store.find(prints[1])) == b"ten bytes!"
    assert store.plan(store.find(prints[2])) == b"ten bytes!"
    with pytest.raises(PlanError, match="no plan"):
        store.find(prints[0])
    assert not forgotten.exists()


def file_of_manifest(store, manifest):
    (path,) = store.folder.glob(f"*/*/*{manifest.fingerprint.key[:16]}.plan")
    return path


def test_a_plan_larger_than_the_limit_is_kept_all_the_same(tmp_path):
    store = PlanStore(tmp_path / "plans", limit=4)

    kept = store.obtain(wanted(), maker(wanted()))

    assert store.plan(kept) == b"native code"


def test_a_full_disk_leaves_what_was_there(store, kept, card):
    verified = store.with_verification(kept, GOOD, HERE)
    code = HEADER + "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    code += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    code += "store.with_verification(store.find(FINGERPRINT), GOOD, Circumstances())\n"

    ended = run(store, code)

    assert b"PlanError" in ended.stderr
    assert b"File too large" in ended.stderr
    assert store.verified(wanted(), card, HERE) == verified
    assert not list(store.folder.rglob("*.part"))


def test_of_many_who_want_a_plan_at_once_one_builds_it(store):
    code = HEADER + BUILD
    others = [spawn(store, code) for _ in range(3)]
    written = b"".join(other.communicate(timeout=60)[0] for other in others)

    assert [other.returncode for other in others] == [0, 0, 0]
    assert written.count(b"built") == 1
    assert store.plan(store.find(wanted())) == b"native code"


def test_who_holds_no_lock_does_not_wait_for_who_builds(store, kept):
    begun, finish = threading.Event(), threading.Event()

    def build():
        begun.set()
        finish.wait(30)
        return manifest_of(wanted(recipe="other")), b"other"

    building = threading.Thread(target=store.obtain, args=(wanted(recipe="other"), build))
    building.start()
    begun.wait(30)

    assert store.plan(store.find(wanted())) == store.plan(kept)

    finish.set()
    building.join()
    assert store.plan(store.find(wanted(recipe="other"))) == b"other"


@pytest.mark.parametrize("moment", ["plan.part", "plan", "json.part"])
def test_who_is_killed_while_writing_leaves_nothing_that_is_loaded(store, moment):
    """The child kills itself at the first sight of that file; what it leaves is not served."""
    code = HEADER + KILLED.replace("MOMENT", moment)

    ended = run(store, code)

    assert ended.returncode == -signal.SIGKILL
    with pytest.raises(PlanError, match="no plan of small 1"):
        store.find(wanted())
    kept = store.obtain(wanted(), maker(wanted(), b"built anew!"))
    assert store.plan(kept) == b"built anew!"
    assert not list(store.folder.rglob("*.part"))


def test_what_was_left_half_written_is_cleared_away_by_the_next_who_builds(store, kept):
    other = file_of_manifest(store, kept).with_name("tensorrt-fp32-0123456789abcdef.plan.part")
    other.write_bytes(b"half")

    store.obtain(wanted(recipe="next"), maker(wanted(recipe="next")))

    assert not other.exists()


def test_a_plan_that_was_replaced_meanwhile_is_not_called_verified(store, kept):
    store.drop(wanted())
    store.obtain(wanted(), maker(wanted(), b"built anew!"))

    with pytest.raises(PlanError, match="another plan was built while this one was verified"):
        store.with_verification(kept, GOOD, HERE)


def test_what_is_dropped_is_built_anew(store, kept):
    store.drop(wanted())
    store.drop(wanted(version="never seen"))

    anew = store.obtain(wanted(), maker(wanted(), b"built anew!"))

    assert anew.plan != kept.plan


def test_a_back_end_without_plans_is_verified_once_too(store, card):
    fingerprint = wanted(backend="openvino-bf16", library="openvino 2026.4", machine="a CPU")
    store.note(manifest_of(fingerprint).verified(GOOD, Circumstances()))

    found = store.verified(fingerprint, card, Circumstances())

    assert found.verification == GOOD
    with pytest.raises(PlanError, match="its back end needs no plan"):
        store.plan(found)


def test_timings_are_kept_for_the_machine_they_were_taken_on(store):
    assert store.timings("GPU 1") == b""

    store.keep_timings("GPU 1", b"fast")

    assert store.timings("GPU 1") == b"fast"
    assert store.timings("GPU 2") == b""


HEADER = f"""
import os, resource, signal, sys, threading, time
from pathlib import Path
from datetime import datetime, UTC
from engines.plans.manifest import *
from engines.plans.store import PlanStore
from engines.verification import Verification
store = PlanStore(Path(sys.argv[1]))
FINGERPRINT = Fingerprint.model_validate_json({wanted().model_dump_json()!r})
MANIFEST = Manifest.model_validate_json({manifest_of(wanted()).model_dump_json()!r})
GOOD = Verification.model_validate_json({GOOD.model_dump_json()!r})
"""

BUILD = """
def make():
    os.write(1, b"built")
    time.sleep(1)
    return MANIFEST, b"native code"
store.plan(store.obtain(FINGERPRINT, make))
"""

KILLED = """
def look(event, details):
    if event == "os.rename" or event == "open":
        for path in Path(sys.argv[1]).rglob("*.MOMENT"):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(look)
store.obtain(FINGERPRINT, lambda: (MANIFEST, b"native code" * 100_000))
"""


def spawn(store, code):
    command = [sys.executable, "-c", code, str(store.folder)]
    paths = {**os.environ, "PYTHONPATH": str(ROOT)}  # noqa: TID251 - a child's
    return subprocess.Popen(command, env=paths, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(store, code):
    child = spawn(store, code)
    written, errors = child.communicate(timeout=60)
    return subprocess.CompletedProcess(child.args, child.returncode, written, errors)
