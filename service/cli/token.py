"""`senoscope token`: who may send by HTTP."""

from typing import Annotated

import typer

from service.cli.options import Config, Json, examples, print_entries, print_json, tell
from service.cli.people import deeds, this_person
from service.errors import BadConfigurationError
from service.http.tokens import Tokens
from service.settings import load_settings

app = typer.Typer(help="Tokens with which senders come by HTTP (STOW-RS).", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Stands for the calling AE title.", metavar="NAME")]


@app.command("add", epilog=examples("senoscope token add MAMMO1"))
def add(name: Name, config: Config = None, as_json: Json = False) -> None:
    """Make a token for a sender; it is shown this once, and only its digest is kept."""
    tokens = _tokens(config)
    with deeds(config).noted(this_person(), "sender-token.add", name):
        token = tokens.add(name)
    if as_json:
        print_json({"name": name, "token": token})
        return
    typer.echo(token)
    typer.echo("it is not shown again; the sender says: Authorization: Bearer TOKEN", err=True)


@app.command("list", epilog=examples("senoscope token list"))
def list_tokens(config: Config = None, as_json: Json = False) -> None:
    """List who has a token."""
    names = sorted(_tokens(config).read())
    if as_json:
        print_json([{"name": name} for name in names])
        return
    print_entries(f"{len(names)} tokens", ["name"], [[name] for name in names])


@app.command("remove", epilog=examples("senoscope token remove MAMMO1"))
def remove(name: Name, config: Config = None, as_json: Json = False) -> None:
    """Let the token of a sender count no more, from the next request on."""
    tokens = _tokens(config)
    with deeds(config).noted(this_person(), "sender-token.remove", name):
        tokens.remove(name)
    tell(f"the token of {name} counts no more", as_json=as_json, removed=name)


def _tokens(config: Config) -> Tokens:
    path = load_settings(config).tokens_path
    if path is None:
        raise BadConfigurationError(
            'no file for tokens: write `tokens_file = "tokens"` under [http] in senoscope.toml'
        )
    return Tokens(path)
