"""`senoscope api-token`: programs that act for a user by the API."""

from datetime import datetime
from typing import Annotated

import typer

from service.cli.options import Config, Json, examples, print_json, print_table, tell
from service.cli.people import UserName, deeds, this_person
from service.clock import now
from service.console.parameters import DAYS, MOST_DAYS, checked_name
from service.ledger.people import ApiToken
from service.opening import open_ledger

app = typer.Typer(
    help="Tokens of the API; those of STOW-RS senders are `senoscope token`'s.",
    no_args_is_help=True,
)
Label = Annotated[str, typer.Argument(help="What it is for.", metavar="LABEL")]


@app.command("add", epilog=examples("senoscope api-token add ada nightly-report --days 90"))
def add(
    name: UserName,
    label: Label,
    days: Annotated[int, typer.Option(help="How long it counts.", min=1, max=MOST_DAYS)] = DAYS,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a token that acts for a user; it is shown this once, and only its digest is kept."""
    token = deeds(config).add_token(this_person(), name, checked_name(label), days)
    if as_json:
        print_json({"user": name, "label": label, "token": token, "days": days})
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
                {
                    "user": t.user,
                    "label": t.label,
                    "created_at": t.created_at,
                    "expires_at": t.expires_at,
                    "used_at": t.used_at,
                }
                for t in tokens
            ]
        )
        return
    print_table(
        f"{len(tokens)} tokens",
        ["user", "label", "since", "until", "used"],
        [[t.user, t.label, _day(t.created_at), _until(t), _day(t.used_at)] for t in tokens],
    )


def _until(token: ApiToken) -> str:
    """Return when a token runs out, and whether it has."""
    if token.expires_at is None:
        return "it is removed"
    return f"{_day(token.expires_at)}{' (ran out)' if token.expires_at <= now() else ''}"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""


@app.command("remove", epilog=examples("senoscope api-token remove ada nightly-report"))
def remove(name: UserName, label: Label, config: Config = None, as_json: Json = False) -> None:
    """Let a token count no more, from the next request on."""
    deeds(config).remove_token(this_person(), name, label)
    told = f"the token {label} of {name} counts no more"
    tell(told, as_json=as_json, user=name, removed=label)
