"""`senoscope users`: who may sign in to the console, and what they may do there."""

from typing import Annotated

import typer

from service.cli.options import Config, Json, examples, print_json, print_table, tell
from service.cli.people import Stdin, UserName, asked_password, deeds, this_person
from service.console.parameters import checked_name
from service.ledger.people import Role, User
from service.opening import open_ledger

app = typer.Typer(help="People who may sign in to the console.", no_args_is_help=True)
AsRole = Annotated[Role, typer.Option(help="What they may do.")]


@app.command(
    "add",
    epilog=examples(
        "senoscope users add ada --role admin",
        "senoscope users add ward7 --role viewer --password-stdin < password",
    ),
)
def add(
    name: UserName,
    role: AsRole = Role.VIEWER,
    password_stdin: Stdin = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let somebody sign in; the password is asked for, 12 characters at least."""
    checked_name(name)
    deeds(config).add_user(this_person(), name, role, asked_password(password_stdin))
    tell(f"{name} may sign in as {role}", as_json=as_json, name=name, role=role)


@app.command("list", epilog=examples("senoscope users list", "senoscope users list --json"))
def list_users(config: Config = None, as_json: Json = False) -> None:
    """List who may sign in."""
    users = open_ledger(config).users()
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "role": one.role,
                    "created_at": one.created_at,
                    "password_at": one.password_at,
                    "subject": one.subject,
                }
                for one in users
            ]
        )
        return
    print_table(
        f"{len(users)} users",
        ["name", "role", "since", "password of"],
        [[u.name, u.role, f"{u.created_at:%Y-%m-%d}", _password(u)] for u in users],
    )


def _password(user: User) -> str:
    """Return since when a user has that password, or that they need none here."""
    return f"signs in by {user.subject}" if user.subject else f"{user.password_at:%Y-%m-%d}"


@app.command("remove", epilog=examples("senoscope users remove ada"))
def remove(name: UserName, config: Config = None, as_json: Json = False) -> None:
    """Let somebody sign in no more; their sessions and tokens end at once."""
    deeds(config).remove_user(this_person(), name)
    tell(f"{name} may sign in no more", as_json=as_json, removed=name)


@app.command("role", epilog=examples("senoscope users role ada operator"))
def change_role(
    name: UserName,
    role: Annotated[Role, typer.Argument(help="What they may do from now on.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let somebody do more or less, from the next request on."""
    deeds(config).change_role(this_person(), name, role)
    tell(f"{name} is {role} now", as_json=as_json, name=name, role=role)


@app.command("password", epilog=examples("senoscope users password ada"))
def change_password(
    name: UserName, password_stdin: Stdin = False, config: Config = None, as_json: Json = False
) -> None:
    """Give somebody another password; all their sessions end."""
    deeds(config).change_password(this_person(), name, asked_password(password_stdin))
    told = f"{name} has another password; sessions with the old one are ended"
    tell(told, as_json=as_json, name=name)
