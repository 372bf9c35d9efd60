"""`senoscope engines`: the model shelf."""

import typer

from engines.shelf import cards, verify
from service.cli.options import Config, Json, examples, print_json, print_table
from service.wiring import settings_of

app = typer.Typer(help="Networks: what is on the model shelf.", no_args_is_help=True)


@app.command("list", epilog=examples("senoscope engines list", "senoscope engines list --json"))
def list_engines(config: Config = None, as_json: Json = False) -> None:
    """List the models on the shelf, their weights checked against their cards."""
    shelf = cards(settings_of(config).models_dir)
    for card in shelf:
        verify(card)
    if as_json:
        print_json([card.model_dump(mode="json") for card in shelf])
        return
    print_table(
        f"{len(shelf)} models",
        ["model", "version", "task", "scale", "precisions", "what"],
        [[c.name, c.version, c.task, c.scale, " ".join(c.precisions), c.summary] for c in shelf],
    )
