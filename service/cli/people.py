"""What commands share that the audit trail has: who acts, and how a password is given."""

import os
import pwd
import sys
from typing import Annotated

import typer

from service.cli.options import Config
from service.clock import now
from service.console.deeds import Deeds
from service.console.passwords import Passwords
from service.console.person import Person
from service.errors import WrongUsageError
from service.ledger.people import Role
from service.opening import open_ledger

LOCAL = "local"
"""Where commands come from, in the audit trail."""
Stdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from a line of standard input.")
]
UserName = Annotated[str, typer.Argument(help="As they sign in.", metavar="NAME")]


def deeds(config: Config) -> Deeds:
    """Return what changes the node, and writes it into the audit trail."""
    return Deeds(open_ledger(config), Passwords(), now)


def this_person() -> Person:
    """Return who acts: whoever may run commands on this machine may do everything."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container
        name = str(os.getuid())
    return Person(f"command line: {name}", Role.ADMIN, LOCAL)


def asked_password(from_stdin: bool) -> str:
    """Return a password that was typed twice without being shown, or comes on standard input.

    Raises:
        WrongUsageError: if there is none.
    """
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        raise WrongUsageError("there is no terminal to ask for a password: --password-stdin")
    if not password:
        raise WrongUsageError("no password was given")
    return str(password)
