"""One table of all benches, from what each wrote down: bench/results/README.md.

python bench/summary.py [FOLDER]
"""

import argparse
from pathlib import Path

from support.results import RESULTS
from support.summary import write_summary


def main() -> None:
    """Write the table, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=RESULTS)
    print(write_summary(parser.parse_args().folder))


if __name__ == "__main__":
    main()
