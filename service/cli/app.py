"""The command `senoscope` with all that it can do, for who looks at all of it."""

from service.cli.commands import make_app

app = make_app()
