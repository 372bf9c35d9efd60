"""The command `senoscope` with all that it can do."""

from service.cli.commands import make_app

app = make_app()
