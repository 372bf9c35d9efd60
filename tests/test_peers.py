import pydicom
import pytest
import redis
from peers.dcmtk import echoscu, storescu
from peers.programs import MissingPeerError, program
from phantoms import TRANSFER_SYNTAXES, saved, spoilt_phantoms, study, written_phantoms


def test_orthanc_keeps_what_is_sent_and_gives_it_back(orthanc, tmp_path):
    images = study()
    files = [saved(image, tmp_path) for image in images]

    sent = storescu(files, orthanc.dicom_port, called=orthanc.ae_title)

    assert (sent.returncode, sent.output) == (0, "")
    assert orthanc.instances() == sorted(image.SOPInstanceUID for image in images)
    assert orthanc.tags(images[0].SOPInstanceUID)["ViewPosition"] == "CC"
    (tmp_path / "back").write_bytes(orthanc.file(images[0].SOPInstanceUID))
    assert pydicom.dcmread(tmp_path / "back") == images[0]


def test_orthanc_comes_back_with_what_it_kept(orthanc, tmp_path):
    image = study()[0]
    storescu([saved(image, tmp_path)], orthanc.dicom_port)

    orthanc.stop()
    gone = echoscu(orthanc.dicom_port)
    orthanc.start()

    assert gone != 0
    assert echoscu(orthanc.dicom_port) == 0
    assert orthanc.instances() == [image.SOPInstanceUID]


def test_orthanc_says_that_it_keeps_no_such_instance(orthanc):
    with pytest.raises(LookupError, match=r"1\.2\.3"):
        orthanc.file("1.2.3")


def test_storescp_takes_every_transfer_syntax(storescp, tmp_path):
    paths = written_phantoms(tmp_path)

    sent = storescu(paths, storescp.port)

    assert (sent.returncode, sent.output) == (0, "")
    objects = {pydicom.dcmread(path).SOPInstanceUID for path in paths}
    assert storescp.instances() == sorted(objects)
    kept = {pydicom.dcmread(path).file_meta.TransferSyntaxUID for path in storescp.files()}
    assert kept == set(TRANSFER_SYNTAXES)


def test_phantoms_can_be_spoilt(tmp_path):
    assert [path.stem for path in spoilt_phantoms(tmp_path)] == [
        "cut",
        "huge",
        "unknown_sop_class",
        "no_pixel_data",
    ]


def test_redis_forgets_when_it_dies_and_comes_back(redis_server):
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("a", "b")

        redis_server.kill()
        redis_server.start()

        assert client.get("a") is None


def test_a_missing_peer_says_how_to_install_it():
    with pytest.raises(MissingPeerError, match="apt-get install dcmtk"):
        program("no-such-program", "dcmtk")


def test_the_shared_data_or_phantoms_are_there(dicom_files, bad_files):
    assert dicom_files
    assert bad_files
    assert all(path.is_file() for path in [*dicom_files, *bad_files])
