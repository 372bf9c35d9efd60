"""`senoscope engines list`: models, networks and back ends, with their state and why."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import typer

from engines.architectures import ARCHITECTURES
from engines.backends.states import BackEnd, states
from service.cli.options import Config, Json, examples, print_json, print_table
from service.console.shelf import Model
from service.console.shelf import models as shelved
from service.errors import RefusedError
from service.settings import load_settings


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the papers, and whether there are weights for it."""

    network: str
    task: str
    scale: int
    parameters: int
    state: str
    paper: str


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command("list", epilog=examples("senoscope engines list", "senoscope engines list --json"))(
        list_engines
    )


def list_engines(config: Config = None, as_json: Json = False) -> None:
    """List models, the networks of the papers, and back ends: their state here, and why.

    It ends with 1 where a model is broken.
    """
    settings = load_settings(config)
    models = list(shelved(settings.shelves, settings.plans))
    networks = list(_networks({one.model for one in models if one.state == "ok"}))
    back_ends = list(states())
    if as_json:
        print_json(
            {
                "models": [asdict(one) for one in models],
                "networks": [asdict(one) for one in networks],
                "back_ends": [asdict(one) for one in back_ends],
            }
        )
    else:
        _print(models, networks, back_ends)
    if broken := [one.what for one in models if one.state == "broken"]:
        raise RefusedError("; ".join(broken))


def _print(models: list[Model], networks: list[Network], back_ends: list[BackEnd]) -> None:
    print_table(
        f"{len(models)} models on the shelf",
        ["model", "version", "state", "what", "engines"],
        [[m.model, m.version, m.state, m.what, "\n".join(m.engines)] for m in models],
    )
    print_table(
        f"{len(networks)} networks",
        ["network", "task", "scale", "parameters", "state"],
        [[n.network, n.task, n.scale, f"{n.parameters:,}", n.state] for n in networks],
    )
    print_table(
        f"{len(back_ends)} back ends",
        ["back end", "device", "state", "why"],
        [[b.back_end, b.device, b.state, b.why] for b in back_ends],
    )


def _networks(shelved: set[str]) -> Iterator[Network]:
    for one in ARCHITECTURES.values():
        state = "on the shelf" if one.name in shelved else "no weights"
        yield Network(one.name, one.task, one.scale, one.parameters, state, one.paper)
