"""The pipeline `cad`: from the images of a study to the objects that say what was found."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from examined import below, named, said
from phantoms import mammogram, tomosynthesis
from pydicom import Dataset
from reading import CAD, context, engines, painted, study
from reread import reread, written
from skimage.draw import polygon2mask

from engines.cad.finding import Region
from engines.engine import AnswerError
from pipelines.errors import CannotProcessError
from pipelines.kinds import CAD_REPORTS, ENLARGED, REPORTS, USUAL, Kind
from pipelines.pipeline import Document, Outcome

EVERY_SCOORD = (0x0070, 0x0022)


def ran(images, given=None, **changes) -> Outcome:
    """Return what came of images, each as it is read from its own bytes."""
    return CAD.run([reread(image) for image in images], given or context(**changes))


def of_kind(outcome: Outcome, kind: Kind) -> list[Dataset]:
    """Return the objects of a kind, each as it is read from its own bytes."""
    return [reread(made.dataset) for made in outcome.made if made.kind == kind]


def the_study():
    return [one.image for one in study()]


def broken(image: Dataset) -> Dataset:
    image.PixelData = image.PixelData[:100]
    return image


def texts(report: Dataset) -> str:
    """Return all that a report says in words."""
    return " ".join(
        str(element.value) for element in report.iterall() if element.keyword == "TextValue"
    )


def meanings(report: Dataset) -> list[str]:
    return [str(e.value) for e in report.iterall() if e.keyword == "CodeMeaning"]


def mask_of(outline: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the pixels whose middle lies within an outline of x and y."""
    return polygon2mask(shape, outline[:, ::-1] - 0.5)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.count_nonzero(one & other) / np.count_nonzero(one | other))


def middle(mask: np.ndarray) -> np.ndarray:
    return np.argwhere(mask).mean(axis=0)


def graphics(state: Dataset) -> list[np.ndarray]:
    """Return the outlines that a presentation state draws, (n, 2) of x and y."""
    return [
        np.array(graphic.GraphicData, float).reshape(-1, 2)
        for annotation in state.GraphicAnnotationSequence
        for graphic in annotation.get("GraphicObjectSequence", [])
    ]


def test_a_study_gives_every_kind_of_object():
    outcome = ran(the_study(), kinds=frozenset(Kind))

    assert outcome.extent == "whole"
    assert Counter(made.kind for made in outcome.made) == {
        **dict.fromkeys(ENLARGED, 2),
        **{form: 1 + 2 * len(ENLARGED) for form in REPORTS},
        **dict.fromkeys(CAD_REPORTS, 1),
        Kind.SEG: 2,
        Kind.GSPS: 2 + 2 * len(ENLARGED),
        Kind.SC_RGB: 2,
    }


def test_only_what_is_wanted_is_made():
    outcome = ran(the_study(), kinds=frozenset({Kind.CAD_SR, Kind.SEG}))

    assert {made.kind for made in outcome.made} == {Kind.CAD_SR, Kind.SEG}


def test_what_is_sent_to_one_refers_to_nothing_that_he_is_not_sent():
    outcome = ran(the_study(), kinds=frozenset(Kind))
    sent = [made.dataset for made in outcome.made if made.suits(USUAL)]
    known = {one.SOPInstanceUID for one in sent} | {one.SOPInstanceUID for one in the_study()}

    referred = {
        str(element.value)
        for one in sent
        for element in one.iterall()
        if element.keyword == "ReferencedSOPInstanceUID"
    }

    assert referred <= known


@pytest.mark.parametrize("view", ["LCC", "RMLO"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_outlines_lie_on_the_mass_on_the_source_and_on_the_enlarged_image(view, photometric):
    one = painted(view, photometric=photometric)
    shape = (one.image.Rows, one.image.Columns)
    truth = one.mass

    outcome = ran([one.image])

    (segmentation,) = of_kind(outcome, Kind.SEG)
    found = segmentation.pixel_array.astype(bool).reshape(shape)
    assert overlap(found, truth) > 0.9
    assert np.abs(middle(found) - middle(truth)).max() < 1
    states = [made for made in outcome.made if made.kind == Kind.GSPS]
    assert {made.beside for made in states} == {None, Kind.SC_MULTIFRAME}
    for made in states:
        scale = 1 if made.beside is None else 2
        large = tuple(scale * side for side in shape)
        drawn = mask_of(graphics(made.dataset)[0], large)
        wanted = truth.repeat(scale, axis=0).repeat(scale, axis=1)
        assert overlap(drawn, wanted) > 0.9
        assert np.abs(middle(drawn) - middle(wanted)).max() < scale


def test_the_enlarged_image_shows_the_mass_where_the_outline_is():
    one = painted()

    outcome = ran([one.image])

    (enlarged,) = of_kind(outcome, Kind.SC_MULTIFRAME)
    (state,) = (
        made.dataset
        for made in outcome.made
        if made.kind == Kind.GSPS and made.beside == Kind.SC_MULTIFRAME
    )
    bright = enlarged.pixel_array > 3000
    drawn = mask_of(graphics(state)[0], bright.shape)
    assert (
        state.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID
        == enlarged.SOPInstanceUID
    )
    assert overlap(drawn, bright) > 0.9


def test_a_lesion_is_the_same_in_all_objects():
    outcome = ran([painted().image])

    (segmentation,) = of_kind(outcome, Kind.SEG)
    tracking = {str(segment.TrackingUID) for segment in segmentation.SegmentSequence}
    assert len(tracking) == 1
    for kind in (Kind.CAD_SR, Kind.CAD_SR_SRT):
        (report,) = of_kind(outcome, kind)
        assert tracking <= {str(e.value) for e in report.iterall() if e.keyword == "UID"}
    assert any(
        tracking <= {str(e.value) for e in report.iterall() if e.keyword == "UID"}
        for report in of_kind(outcome, Kind.TID1500)
    )


def test_the_same_study_gives_the_same_bytes():
    first, second = ran(the_study()), ran(reversed(the_study()))

    assert [written(one.dataset) for one in first.made] == [
        written(one.dataset) for one in second.made
    ]


def test_another_version_of_a_model_gives_other_instances():
    first, second = ran(the_study()), ran(the_study(), context(engines(version="2")))

    def uids(outcome):
        return {
            one.dataset.SOPInstanceUID for one in outcome.made if one.kind in (*CAD_REPORTS, "seg")
        }

    assert uids(first).isdisjoint(uids(second))


def test_a_breast_without_a_mass_is_reported_as_such():
    outcome = ran([painted().image], context(engines(brightest=2)))

    assert outcome.extent == "whole"
    assert {made.kind for made in outcome.made} == {
        Kind.SC_MULTIFRAME,
        Kind.TID1500,
        *CAD_REPORTS,
    }
    (report,) = of_kind(outcome, Kind.CAD_SR)
    assert "All algorithms succeeded; without findings" in meanings(report)


def test_lesions_are_numbered_by_breast_and_view_wherever_the_side_is_stated():
    left_cc, left_mlo, right_cc = (painted(view).image for view in ("LCC", "LMLO", "RCC"))
    for image, side in ((left_cc, "L"), (left_mlo, "L")):
        del image.ImageLaterality
        image.Laterality = side
    unknown = painted("RMLO").image
    del unknown.ImageLaterality

    kinds = frozenset({Kind.CAD_SR, Kind.TID1500})

    outcome = ran([unknown, right_cc, left_mlo, left_cc], kinds=kinds)

    expected = [one.SOPInstanceUID for one in (left_cc, left_mlo, right_cc, unknown)]
    for kind in kinds:
        (report,) = of_kind(outcome, kind)
        (library,) = named(report, "Image Library")
        listed = [one for one in below(library) if one.ValueType == "IMAGE"]
        uids = [one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for one in listed]
        names = [name for name in said(report, "Tracking Identifier") if "Lesion" in name]
        assert uids == expected
        assert names == ["Lesion 1", "Lesion 2", "Lesion 3", "Lesion 4"]


def test_an_image_that_cannot_be_read_leaves_the_others_analysed():
    one, other = the_study()

    outcome = ran([one, broken(other)])

    assert outcome.extent == "partly"
    assert other.SOPInstanceUID in outcome.reason
    (report,) = of_kind(outcome, Kind.CAD_SR)
    assert "Not all algorithms succeeded; with findings" in meanings(report)
    assert len(of_kind(outcome, Kind.SEG)) == 1


def failing(network="detector"):
    networks = engines()

    def fail(_batch):
        raise AnswerError(f"{network} answers with no number")

    networks[network] = replace(networks[network], answer=fail)
    return networks


def test_a_study_that_cannot_be_analysed_is_reported_by_a_short_code():
    images = [broken(image) for image in the_study()]

    outcome = ran(images)

    assert outcome.extent == "failed"
    assert outcome.reason.endswith("it is shorter than Rows x Columns")
    assert {made.kind for made in outcome.made} == set(CAD_REPORTS)
    (report,) = of_kind(outcome, Kind.CAD_SR)
    assert "No algorithms succeeded; without findings" in meanings(report)
    assert "PIXELS" in texts(report)


def test_a_network_that_fails_is_named_by_its_code():
    outcome = ran(the_study(), context(failing()))

    assert outcome.extent == "failed"
    assert "NETWORK" in texts(of_kind(outcome, Kind.CAD_SR)[0])


def test_a_network_that_fails_on_marked_regions_fails_to_analyse_not_to_detect():
    (image, *_) = the_study()
    regions = {str(image.SOPInstanceUID): [Region(0, 0, 100)]}

    outcome = ran([image], context(failing("seg"), regions=regions))

    (report,) = of_kind(outcome, Kind.CAD_SR)
    assert "Failed Analyses" in meanings(report)
    assert "Failed Detections" not in meanings(report)


def test_a_later_success_takes_the_place_of_the_failure():
    failure = ran(the_study(), context(failing()))

    success = ran(the_study(), predecessors=[Document.of(one) for one in failure.made])

    for form in CAD_REPORTS:
        (before,), (after,) = of_kind(failure, form), of_kind(success, form)
        assert after.SOPInstanceUID != before.SOPInstanceUID
        (cited,) = after.PredecessorDocumentsSequence
        (series,) = cited.ReferencedSeriesSequence
        (document,) = series.ReferencedSOPSequence
        assert document.ReferencedSOPInstanceUID == before.SOPInstanceUID


def test_the_same_failure_is_the_same_report_whatever_was_before():
    first = ran(the_study(), context(failing()))
    again = ran(
        the_study(), context(failing(), predecessors=[Document.of(one) for one in first.made])
    )

    assert [written(one.dataset) for one in first.made] == [
        written(one.dataset) for one in again.made
    ]


def test_a_job_that_was_given_up_is_reported_without_pixels():
    headers = [reread(image) for image in the_study()]
    for header in headers:
        del header.PixelData
    cards = [engine.card for engine in engines().values()]

    made = CAD.not_analysed(headers, cards, "CRASH", context())

    assert {one.kind for one in made} == set(CAD_REPORTS)
    assert "CRASH" in texts(made[0].dataset)


def test_an_image_for_processing_is_analysed_but_not_enlarged():
    outcome = ran([painted(intent="FOR PROCESSING").image])

    assert {made.kind for made in outcome.made} == {
        Kind.TID1500,
        *CAD_REPORTS,
        Kind.SEG,
        Kind.GSPS,
        Kind.SC_RGB,
    }


def test_marked_regions_are_looked_at_and_nothing_else():
    one, other = study()
    y, x = middle(one.mass).astype(int)
    marked = Region(int(x) - 60, int(y) - 60, 120)

    outcome = ran(
        [one.image, other.image],
        regions={str(one.image.SOPInstanceUID): [marked]},
    )

    (segmentation,) = of_kind(outcome, Kind.SEG)
    assert len(segmentation.SegmentSequence) == 1
    assert len(of_kind(outcome, Kind.SC_MULTIFRAME)) == 1
    (report,) = of_kind(outcome, Kind.CAD_SR)
    assert "Certainty of Finding" not in meanings(report)


def test_a_presentation_state_of_somebody_else_says_where_to_look():
    one, other = study()
    (state,) = (
        made.dataset
        for made in ran([one.image]).made
        if made.kind == Kind.GSPS and made.beside is None
    )
    state.Manufacturer = "Somebody Else"
    del state.ContributingEquipmentSequence

    outcome = ran([one.image, other.image, state])

    (segmentation,) = of_kind(outcome, Kind.SEG)
    (referred,) = segmentation.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert referred.ReferencedSOPInstanceUID == one.image.SOPInstanceUID


def test_tomosynthesis_and_own_results_are_skipped():
    (result, *_) = ran([painted().image]).made

    assert "tomosynthesis" in CAD.skips(tomosynthesis())
    assert CAD.skips(reread(result.dataset))
    assert CAD.skips(mammogram()) is None


@pytest.mark.parametrize(
    ("name", "character_set"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "\\ISO 2022 IR 87"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "\\ISO 2022 IR 149"),
        ("Διονυσιος", "ISO_IR 126"),
    ],
)
def test_names_of_all_scripts_survive(name, character_set):
    image = painted().image
    image.SpecificCharacterSet = character_set.split("\\")
    image.PatientName = name

    outcome = ran([image])

    assert {str(reread(one.dataset).PatientName) for one in outcome.made} == {name}


def test_nothing_but_patient_and_study_is_taken_over_of_the_patient():
    image = painted().image
    word = "Zanzibar"
    for keyword in (
        "PatientComments",
        "OtherPatientNames",
        "PatientAddress",
        "AdditionalPatientHistory",
        "OperatorsName",
        "ImageComments",
        "RequestedProcedureDescription",
        "ProtocolName",
    ):
        setattr(image, keyword, word)
    block = image.private_block(0x0019, "SECRET", create=True)
    block.add_new(0x01, "LO", word)
    image.add_new((0x6000, 0x0022), "LO", word)

    outcome = ran([image], kinds=frozenset(Kind))

    assert len(outcome.made) > 10
    for made in outcome.made:
        assert word.encode() not in written(made.dataset)
        assert not any(element.tag.is_private for element in made.dataset.iterall())
        assert not any(0x6000 <= element.tag.group < 0x6100 for element in made.dataset)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_an_image_that_says_nothing_of_how_it_is_shown_is_shown_over_its_range(photometric):
    one = painted(photometric=photometric, intent="FOR PROCESSING")
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"):
        if keyword in one.image:
            delattr(one.image, keyword)

    (state,) = of_kind(ran([one.image], kinds=frozenset({Kind.GSPS})), Kind.GSPS)

    (shown,) = state.SoftcopyVOILUTSequence
    low, high = (0, 4000) if photometric == "MONOCHROME2" else (95, 4095)
    assert shown.WindowCenter == pytest.approx((low + high + 1) / 2, abs=1)
    assert shown.WindowWidth == pytest.approx(high - low + 1, abs=1)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_air_that_is_the_brightest_of_an_image_for_processing_is_no_tissue(photometric):
    plain = painted(photometric=photometric, intent="FOR PROCESSING")
    beam = painted(photometric=photometric, intent="FOR PROCESSING")
    stored = np.frombuffer(beam.image.PixelData, np.uint16)
    beam.image.PixelData = (4095 - stored).astype(np.uint16).tobytes()
    wanted = frozenset({Kind.SEG})

    (one,) = of_kind(ran([plain.image], kinds=wanted), Kind.SEG)
    (other,) = of_kind(ran([beam.image], kinds=wanted), Kind.SEG)

    assert np.array_equal(one.pixel_array, other.pixel_array)
    assert overlap(other.pixel_array.astype(bool), beam.mass) > 0.9


def test_a_region_beyond_the_image_is_refused():
    image = painted().image
    uid = str(image.SOPInstanceUID)

    with pytest.raises(CannotProcessError, match=uid):
        ran([image], regions={uid: [Region(2000, 10, 64)]})


def test_a_specimen_of_which_no_side_view_or_size_is_known_is_analysed():
    image = painted().image
    for keyword in (
        "ImageLaterality",
        "ViewPosition",
        "ViewCodeSequence",
        "ImagerPixelSpacing",
        "PatientOrientation",
    ):
        delattr(image, keyword)

    outcome = ran([image])

    assert CAD.skips(image) is None
    assert len(of_kind(outcome, Kind.SEG)) == 1
    assert "mm2" not in {str(e.value) for e in outcome.made[-1].dataset.iterall()}


def test_images_of_several_patients_are_of_no_study():
    one, other = the_study()
    other.PatientID = "OTHER-1"

    with pytest.raises(CannotProcessError, match="several patients") as caught:
        ran([one, other])
    with pytest.raises(CannotProcessError):
        CAD.not_analysed([one, other], [e.card for e in engines().values()], "CRASH", context())

    assert "OTHER-1" not in str(caught.value)


def test_marks_on_another_patient_mark_nothing():
    one, other = study()
    (state,) = (
        made.dataset
        for made in ran([one.image]).made
        if made.kind == Kind.GSPS and made.beside is None
    )
    state.Manufacturer, state.PatientID = "Somebody Else", "OTHER-1"
    del state.ContributingEquipmentSequence

    outcome = ran([one.image, other.image, state])

    assert len(of_kind(outcome, Kind.SEG)) == 2


def test_an_image_that_is_left_out_because_of_marks_is_named():
    one, other = study()
    y, x = middle(one.mass).astype(int)

    outcome = ran(
        [one.image, other.image],
        regions={str(one.image.SOPInstanceUID): [Region(int(x) - 60, int(y) - 60, 120)]},
    )

    assert outcome.extent == "whole"
    assert (
        outcome.reason
        == f"{other.image.SOPInstanceUID}: not looked at: regions are marked elsewhere"
    )
