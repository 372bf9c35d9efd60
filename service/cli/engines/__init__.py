"""`senoscope engines`: networks, from the shelf to engines that were verified."""

import typer

from service.cli.engines import building, importing, listing, timing, verifying

app = typer.Typer(
    help="Networks: what is on the model shelf, and how well it runs here.", no_args_is_help=True
)
for command in (listing, importing, building, verifying, timing):
    command.register(app)
