"""The door for people."""

import sys

WRONG_USAGE = 2
INTERRUPTED = 130
"""As shells say it of a program that Ctrl-C ended."""


def main() -> None:
    """Run the command line; what goes wrong is one line on stderr, and exit 1 or 2."""
    try:
        _run()
    except KeyboardInterrupt:  # while modules load: commands have their own way
        sys.exit(INTERRUPTED)


def _run() -> None:
    from engines.card import CardError  # noqa: PLC0415 - loading takes a second, see above
    from engines.engine import DeviceLostError, UnusableError  # noqa: PLC0415
    from service.cli.commands import make_app  # noqa: PLC0415
    from service.errors import NodeError, WrongUsageError  # noqa: PLC0415
    from service.log import keep_values_out  # noqa: PLC0415

    keep_values_out()
    try:
        make_app(*sys.argv[1:2])()
    except WrongUsageError as error:
        sys.stderr.write(f"senoscope: {error}\n")
        sys.exit(WRONG_USAGE)
    except (NodeError, CardError, DeviceLostError, UnusableError) as error:
        sys.exit(f"senoscope: {error}")
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        sys.exit(f"senoscope: {named}{error.strerror or error}")


if __name__ == "__main__":
    main()
