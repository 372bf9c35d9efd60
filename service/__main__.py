"""The door for people."""

import sys

from engines.card import CardError
from engines.engine import DeviceLostError, UnusableError
from service.cli.app import app
from service.errors import NodeError
from service.log import keep_values_out


def main() -> None:
    """Run the command line; what goes wrong outside of it is one line on stderr, and exit 1."""
    keep_values_out()
    try:
        app()
    except (NodeError, CardError, DeviceLostError, UnusableError) as error:
        sys.exit(f"senoscope: {error}")
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        sys.exit(f"senoscope: {named}{error.strerror or error}")


if __name__ == "__main__":
    main()
