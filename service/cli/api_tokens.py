"""`senoscope api-token`: programs that act for a user by the API."""

from typing import Annotated

import typer

from service.cli.options import Config, Json, console, examples, print_json, print_table
from service.cli.people import UserName, deeds, this_person
from service.console.parameters import checked_name
from service.wiring import open_ledger

app = typer.Typer(
    help="Tokens of the API; those of STOW-RS senders are `senoscope token`'s.",
    no_args_is_help=True,
)
Label = Annotated[str, typer.Argument(help="What it is for.", metavar="LABEL")]


@app.command("add", epilog=examples("senoscope api-token add ada nightly-report"))
def add(name: UserName, label: Label, config: Config = None, as_json: Json = False) -> None:
    """Make a token that acts for a user; it is shown this once, and only its digest is kept."""
    token = deeds(config).add_token(this_person(), name, checked_name(label))
    if as_json:
        print_json({"user": name, "label": label, "token": token})
        return
    typer.echo(token)
    typer.echo("it is not shown again; say: Authorization: Bearer TOKEN", err=True)


@app.command("list", epilog=examples("senoscope api-token list"))
def list_tokens(config: Config = None, as_json: Json = False) -> None:
    """List the tokens of all users."""
    tokens = open_ledger(config).api_tokens()
    if as_json:
        print_json(
            [
                {"user": t.user, "label": t.label, "created_at": t.created_at, "used_at": t.used_at}
                for t in tokens
            ]
        )
        return
    print_table(
        f"{len(tokens)} tokens",
        ["user", "label", "since", "used"],
        [
            [
                t.user,
                t.label,
                f"{t.created_at:%Y-%m-%d}",
                f"{t.used_at:%Y-%m-%d}" if t.used_at else "",
            ]
            for t in tokens
        ],
    )


@app.command("remove", epilog=examples("senoscope api-token remove ada nightly-report"))
def remove(name: UserName, label: Label, config: Config = None) -> None:
    """Let a token count no more, from the next request on."""
    deeds(config).remove_token(this_person(), name, label)
    console.print(f"the token {label} of {name} counts no more")
