"""In CI a test that is skipped has failed: what is not checked there is checked nowhere."""

import os
from collections.abc import Iterator

import pytest

IN_CI = bool(os.environ.get("CI"))  # noqa: TID251 - the runner's word, no setting of ours


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let a skipped test fail in CI, but for those that need a GPU."""
    report = yield
    expected = "gpu" in item.keywords or hasattr(report, "wasxfail")
    return report if expected else _failed_if_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Let a file of tests that is skipped as a whole fail in CI."""
    return _failed_if_skipped((yield))


def _failed_if_skipped(report: pytest.TestReport) -> pytest.TestReport:
    if IN_CI and report.skipped:
        report.outcome, report.longrepr = "failed", f"skipped in CI: {report.longrepr}"
    return report
