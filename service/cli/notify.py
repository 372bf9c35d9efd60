"""`senoscope notify`: are people told what goes wrong, and what were they told?"""

from dataclasses import asdict
from typing import Any

import typer

from service.cli.options import Config, Json, Limit, console, examples, print_entries, print_json
from service.errors import RefusedError
from service.ledger.notifying import Message, Telling
from service.notify.trial import Tried
from service.notify.words import moment
from service.opening import open_ledger
from service.wiring import try_channels

app = typer.Typer(help="E-mail and webhook when something goes wrong.", no_args_is_help=True)


@app.command("test", epilog=examples("senoscope notify test", "senoscope notify test --json"))
def try_now(config: Config = None, as_json: Json = False) -> None:
    """Send a test message by each channel now, and say what the receivers answered."""
    tried = try_channels(config)
    if as_json:
        print_json([asdict(one) for one in tried])
    else:
        for one in tried:
            _tell(one)
    failed = [one.channel for one in tried if not one.arrived]
    if failed:
        raise RefusedError(f"nobody can be told by {' and '.join(failed)}: see above")


def _tell(one: Tried) -> None:
    console.print(
        f"{'ok  ' if one.arrived else 'FAIL'} {one.channel} to {one.receiver}: {one.answer}",
        highlight=False,
        soft_wrap=True,
    )


@app.command("list", epilog=examples("senoscope notify list", "senoscope notify list --json"))
def list_told(limit: Limit = 20, config: Config = None, as_json: Json = False) -> None:
    """List what is wrong now as each channel knows it, and what was told when."""
    ledger = open_ledger(config)
    tellings, messages = ledger.tellings(), ledger.messages(limit=limit)
    if as_json:
        print_json(
            {"open": [asdict(one) for one in tellings], "messages": [asdict(m) for m in messages]}
        )
        return
    print_entries(
        f"{len(tellings)} open",
        ["what", "by", "since", "told", "gone"],
        [_open(one) for one in tellings],
    )
    print_entries(
        f"{len(messages)} messages",
        ["subject", "by", "made", "sent", "attempts", "answer:"],
        [_sent(one) for one in messages],
    )


def _open(one: Telling) -> list[Any]:
    told = f"{moment(one.told_at)} ({one.times} times)" if one.told_at else "not yet"
    return [one.what, one.channel, moment(one.since), told, one.gone_at and moment(one.gone_at)]


def _sent(one: Message) -> list[Any]:
    sent = moment(one.sent_at) if one.sent_at else "not yet"
    return [one.subject, one.channel, moment(one.made_at), sent, one.attempts, one.error]
