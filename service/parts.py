"""The parts of a node, each made from the settings when it is first asked for."""

from service.assembly.receiving import Receiving
from service.assembly.showing import Showing
from service.assembly.working import Working


class Parts(Receiving, Working, Showing):
    """The parts of a node, each made when it is first asked for."""
