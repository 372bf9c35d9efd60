import json
from dataclasses import replace

import pytest
from doubling import CARD, context
from phantoms import mammogram, picture
from pydicom import dcmread
from reading import CAD, engines
from reading import context as reading_context
from reading import study as reading_study

from engines.cad.finding import Region
from engines.engine import AnswerError
from pipelines.pipeline import Product
from pipelines.super_resolution import SuperResolution
from service.errors import RefusedError
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

    assert [one.was_known for one in told] == [True, False]


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

    assert [one.was_known for one in told] == [True, True]


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


def read(out, **changes):
    return Offline(CAD, [one.card for one in engines().values()], reading_context(), out, **changes)


def views(folder, **settings):
    return [
        written(one.image, folder / f"{number}.dcm")
        for number, one in enumerate(reading_study(**settings))
    ]


def test_the_images_of_a_study_are_processed_together(tmp_path):
    files = views(tmp_path)

    (told,) = read(tmp_path / "out").process(files)

    assert told.paths == tuple(map(str, files))
    assert told.outcome == "done"
    assert sum(name.startswith("cad-sr-2.25") for name in told.results) == 1


def test_what_says_where_to_look_is_no_study_of_its_own(tmp_path):
    one, _ = views(tmp_path)
    list(read(tmp_path / "out").process([one]))
    state = next((tmp_path / "out").glob("gsps-*.dcm"))
    marked = dcmread(state)
    marked.Manufacturer = "Somebody Else"
    del marked.ContributingEquipmentSequence
    mark = written(marked, tmp_path / "mark.dcm")

    (alone,) = read(tmp_path / "alone").process([mark])
    (both,) = read(tmp_path / "both").process([one, mark])

    assert (alone.outcome, alone.reason) == ("skipped", "there is no image of its study")
    assert both.paths == (str(one), str(mark))


def test_a_study_that_failed_is_tried_again_and_its_report_is_cited(tmp_path):
    file, _ = views(tmp_path)
    networks = engines()

    def fail(_batch):
        raise AnswerError("no number")

    broken = {**networks, "detector": replace(networks["detector"], answer=fail)}
    failing = replace(read(tmp_path / "out"), context=reading_context(broken))
    (failed,) = failing.process([file])

    (told,) = read(tmp_path / "out").process([file])
    (again,) = read(tmp_path / "out").process([file])

    assert (failed.outcome, told.outcome, again.was_known) == ("failed", "done", True)
    (name,) = (name for name in told.results if name.startswith("cad-sr-2.25"))
    report = dcmread(tmp_path / "out" / name)
    assert failed.failures[0].sop_instance_uid in str(report.PredecessorDocumentsSequence)


def test_what_could_be_done_in_part_is_done_and_says_so_again(tmp_path):
    one, other = views(tmp_path)
    image = dcmread(other)
    image.PixelData = image.PixelData[:100]
    image.save_as(other)

    (told,) = read(tmp_path / "out").process([one, other])
    (again,) = read(tmp_path / "out").process([one, other])

    assert told.outcome == again.outcome == "partly"
    assert "shorter than Rows x Columns" in told.reason
    assert (again.was_known, again.reason) == (True, told.reason)


def test_an_image_that_is_there_twice_counts_once(tmp_path):
    file, _ = views(tmp_path)
    same = tmp_path / "same.dcm"
    same.write_bytes(file.read_bytes())
    other = dcmread(file)
    other.PixelData = bytes(len(other.PixelData))
    changed = written(other, tmp_path / "changed.dcm")

    told = list(read(tmp_path / "out").process([file, same, changed]))

    assert [(one.outcome, len(one.paths)) for one in told] == [
        ("skipped", 1),
        ("failed", 1),
        ("done", 1),
    ]
    assert told[0].reason == f"it is the same as {file}"


def test_regions_of_an_image_that_is_not_there_are_refused(tmp_path):
    files = views(tmp_path)
    marked = replace(
        read(tmp_path / "out"), context=reading_context(regions={"1.2.3": [Region(0, 0, 64)]})
    )

    with pytest.raises(RefusedError, match=r"image 1\.2\.3, which is not among the files"):
        list(marked.process(files))


def test_foreign_lines_in_the_index_are_no_obstacle(tmp_path):
    files = views(tmp_path)
    list(read(tmp_path / "out").process(files))
    with (tmp_path / "out" / INDEX).open("ab") as index:
        index.write(b"\n123\nnull\n\xff\xfe\n")

    (told,) = read(tmp_path / "out").process(files)

    assert told.was_known


def test_another_release_makes_its_own_results(tmp_path):
    files = views(tmp_path)
    list(read(tmp_path / "out").process(files))
    product = Product("9.9.9", "SERIAL-1", "SENOSCOPE")
    later = replace(read(tmp_path / "out"), context=reading_context(product=product))

    (told,) = later.process(files)

    assert not told.was_known
