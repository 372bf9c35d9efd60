"""The door for people."""

import sys

from engines.card import CardError
from engines.engine import UnusableError
from service.cli.app import app
from service.errors import NodeError
from service.log import keep_values_out


def main() -> None:
    """Run the command line; what goes wrong on purpose is one line on stderr and exit 1."""
    keep_values_out()
    try:
        app()
    except (NodeError, CardError, UnusableError) as error:
        sys.exit(f"senoscope: {error}")


if __name__ == "__main__":
    main()
