"""The table of all benches is that of their JSON files."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
RESULTS = PROJECT / "bench/results"


def test_the_table_says_what_the_benches_wrote_down(tmp_path):
    for path in RESULTS.glob("*.json"):
        shutil.copy(path, tmp_path)

    _summarise(tmp_path)

    assert (tmp_path / "README.md").read_text() == (RESULTS / "README.md").read_text(), (
        "make it anew: python bench/summary.py"
    )


def test_each_report_of_the_table_is_there():
    records = {path: json.loads(path.read_text()) for path in RESULTS.glob("*.json")}

    assert records
    for path, record in records.items():
        assert path.with_suffix(".md").is_file()
        assert record["command"]
        assert record["figures"]


def test_where_no_bench_wrote_anything_the_table_is_empty(tmp_path):
    _summarise(tmp_path / "build/bench")

    assert (tmp_path / "build/bench/README.md").read_text().endswith("| --- |\n")


def _summarise(folder: Path) -> None:
    command = [sys.executable, PROJECT / "bench/summary.py", folder]
    subprocess.run(command, check=True, capture_output=True)
