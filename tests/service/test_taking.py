"""Whatever comes in, by whatever door, ends in a status and leaves nothing half done."""

from io import BytesIO

import pytest
from clock import now
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import ct, explicit
from phantoms import mammogram
from prometheus_client import CollectorRegistry
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from service.intake.part import Announced, Intake, Part
from service.intake.statuses import LONGEST_COMMENT, answer
from service.intake.taking import Taking
from service.ledger.canary import AE_TITLE as CANARY
from service.ledger.canary import CanaryRun
from service.ledger.receive import Reception
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.listener.syntaxes import ACCEPTED
from service.metrics import Metrics

UID = "1.2.3.9.1"
STATUSES = {0x0000, 0x0122, 0xA900, 0xC000}
SMALL = {"rows": 96, "columns": 64}


class Place:
    """An intake with a real spool and ledger."""

    def __init__(self, folder, largest: int = 1_000_000) -> None:
        self.spool = Spool(folder / "received")
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}", now)
        self.intake = Intake(self.spool, 0, largest)
        self.taking = Taking(self.spool, self.ledger, Metrics(CollectorRegistry(), "test"), now)

    def take(
        self,
        content: bytes,
        syntax: str = ExplicitVRLittleEndian,
        kind=CTImageStorage,
        calling: str = "MAMMO1",
    ):
        with Part(Announced(kind, UID, syntax), self.intake) as part:
            part.write(content)
            return self.taking.take(calling, part)

    def left_behind(self):
        return list(self.spool.temporary().parent.iterdir())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = Place(tmp_path_factory.mktemp("place"))
    yield made
    made.ledger.close()


def whole(syntax) -> bytes:
    file = BytesIO()
    mammogram("LCC", transfer_syntax=syntax, **SMALL).save_as(file, enforce_file_format=True)
    return file.getvalue()[300:]


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400), syntax=st.sampled_from(ACCEPTED))
def test_any_bytes_end_in_a_status(place, content, syntax):
    taken = place.take(content, syntax)

    assert taken.status in STATUSES
    assert bool(taken.reason) == (taken.status != 0)
    assert len(answer(taken.status, taken.reason).get("ErrorComment", "")) <= LONGEST_COMMENT
    assert place.left_behind() == []


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(), syntax=st.sampled_from([ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
)
def test_an_object_with_bytes_that_were_altered_ends_in_a_status(place, data, syntax):
    content = bytearray(ct(pixels=64) if syntax == ExplicitVRLittleEndian else whole(syntax))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    taken = place.take(bytes(content), syntax)

    assert taken.status in STATUSES
    assert place.left_behind() == []


def test_file_meta_within_the_data_set_is_refused(tmp_path):
    made = Place(tmp_path)

    taken = made.take(explicit(0x00020010, b"UI", b"1.2.840.10008.1.2") + ct())

    assert (taken.status, taken.reason) == (0xC000, "elements of group 0002 within the data set")


def test_a_class_that_the_node_does_not_know_is_refused(tmp_path):
    made = Place(tmp_path)
    content = ct().replace(CTImageStorage.encode().ljust(26, b"\0"), b"1.2.3.4.5".ljust(26, b"\0"))

    assert made.take(content, kind="1.2.3.4.5").status == 0x0122


def test_what_is_larger_than_allowed_is_refused_for_good_and_quarantines_nothing(tmp_path):
    made = Place(tmp_path, largest=10_000)

    taken = made.take(ct())

    assert (taken.status, taken.reason) == (0xC000, "larger than 0 MB")
    assert made.left_behind() == []
    assert made.ledger.versions(UID) == []


def test_the_same_bytes_in_another_transfer_syntax_are_another_version(tmp_path):
    made = Place(tmp_path)

    outcomes = [
        made.take(ct()).reception,
        made.take(ct(), "1.2.840.10008.1.2.1.98").reception,
        made.take(ct()).reception,
    ]

    assert outcomes == [Reception.KEPT, Reception.VERSION, Reception.KNOWN]


@pytest.mark.parametrize("studies", [[], ["2.25.1"]])
def test_who_calls_as_the_canary_hands_in_no_other_study_than_that_of_it(tmp_path, studies):
    made = Place(tmp_path)
    for study in studies:
        made.ledger.begin_canary(CanaryRun(study, "check", "127.0.0.1", 1, now(), now()))

    taken = made.take(ct(), calling=CANARY)

    assert (taken.status, taken.reason) == (0xC000, "not the canary that is under way")
    assert made.ledger.versions(UID) == []


def test_the_canary_that_is_under_way_is_kept(tmp_path):
    made = Place(tmp_path)
    made.ledger.begin_canary(CanaryRun("1.2.3.9", "check", "127.0.0.1", 1, now(), now()))

    assert made.take(ct(), calling=CANARY).reception is Reception.KEPT
