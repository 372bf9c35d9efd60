import json

from doubling import CARD, context
from phantoms import mammogram, picture

from pipelines.super_resolution import SuperResolution
from service.offline import INDEX, Offline


def offline(out):
    return Offline(SuperResolution(), [CARD], context(), out)


def written(image, path):
    image.save_as(path, enforce_file_format=True)
    return path


def test_results_are_written_and_what_was_skipped_is_said(tmp_path):
    text = tmp_path / "notes.dcm"
    text.write_text("no DICOM")
    files = [
        written(mammogram(rows=128, columns=96), tmp_path / "a.dcm"),
        written(mammogram(rows=128, columns=96, intent="FOR PROCESSING"), tmp_path / "b.dcm"),
        text,
    ]

    told = list(offline(tmp_path / "out").process(files))

    assert [one.outcome for one in told] == ["done", "skipped", "skipped"]
    assert all((tmp_path / "out" / name).is_file() for name in told[0].results)
    assert "processing" in told[1].reason
    assert "no DICOM" in told[2].reason


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    first = written(mammogram(rows=128, columns=96), tmp_path / "a.dcm")
    second = written(mammogram(rows=128, columns=96, seed=2), tmp_path / "b.dcm")
    next(offline(tmp_path / "out").process([first, second]))

    told = list(offline(tmp_path / "out").process([first, second]))

    assert [one.reason for one in told] == ["done before", ""]


def test_what_was_lost_is_made_again_under_the_same_name(tmp_path):
    file = written(mammogram(rows=128, columns=96), tmp_path / "a.dcm")
    (before,) = offline(tmp_path / "out").process([file])
    (tmp_path / "out" / before.results[0]).unlink()

    (after,) = offline(tmp_path / "out").process([file])

    assert after.reason == ""
    assert after.results == before.results


def test_a_half_written_index_is_no_obstacle(tmp_path):
    file = written(mammogram(rows=128, columns=96), tmp_path / "a.dcm")
    other = written(mammogram(rows=128, columns=96, seed=2), tmp_path / "b.dcm")
    list(offline(tmp_path / "out").process([file]))
    with (tmp_path / "out" / INDEX).open("a") as index:
        index.write(json.dumps({"path": "x"})[:-3])

    list(offline(tmp_path / "out").process([other]))
    told = list(offline(tmp_path / "out").process([file, other]))

    assert [one.reason for one in told] == ["done before", "done before"]


def test_a_header_that_cannot_be_read_fails_alone(tmp_path):
    garbled = written(mammogram(rows=128, columns=96, seed=2), tmp_path / "a.dcm")
    garbled.write_bytes(garbled.read_bytes().replace(b"\x08\x00\x05\x00CS", b"\x08\x00\x05\x00FD"))
    files = [garbled, written(mammogram(rows=128, columns=96), tmp_path / "b.dcm")]

    told = list(offline(tmp_path / "out").process(files))

    assert [one.outcome for one in told] == ["failed", "done"]
    assert told[0].reason == "its header cannot be read"


def test_an_image_that_cannot_be_decoded_fails_alone(tmp_path):
    broken = picture("CT", rows=64, columns=64)
    broken.PixelData = b"\0\0"
    files = [
        written(broken, tmp_path / "a.dcm"),
        written(mammogram(rows=128, columns=96), tmp_path / "b.dcm"),
    ]

    told = list(offline(tmp_path / "out").process(files))

    assert [one.outcome for one in told] == ["failed", "done"]
    assert told[0].reason
