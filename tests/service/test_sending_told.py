"""Of which destinations it is told whether they are up."""

from service.parts import Parts
from service.settings import load_settings


def test_where_canaries_end_is_no_destination_of_the_clinic(tmp_path):
    (tmp_path / "senoscope.toml").write_text("")
    (tmp_path / "routes.toml").write_text("")
    parts = Parts(load_settings(tmp_path / "senoscope.toml"))
    tell = parts.senders().tell

    tell("pacs", True)  # noqa: FBT003 - a gauge
    tell("_canary", True)  # noqa: FBT003 - a gauge

    told = [one for one in parts.metrics.measured() if one.name == "senoscope_destination_up"]
    assert [dict(one.labels)["destination"] for one in told] == ["pacs"]
    parts.ledger.close()
