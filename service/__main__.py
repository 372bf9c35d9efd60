"""The door for people."""

import sys

from service.cli.app import app
from service.errors import NodeError
from service.log import keep_values_out


def main() -> None:
    """Run the command line; what goes wrong on purpose is one line on stderr and exit 1."""
    keep_values_out()
    try:
        app()
    except NodeError as error:
        sys.exit(f"senoscope: {error}")


if __name__ == "__main__":
    main()
