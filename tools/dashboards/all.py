"""All dashboards, and where they lie."""

from pathlib import Path

from tools.dashboards.destination import DESTINATION
from tools.dashboards.engines import ENGINES
from tools.dashboards.listener import LISTENER
from tools.dashboards.overview import OVERVIEW

FOLDER = Path(__file__).parents[2] / "deploy/grafana/dashboards"
ALL = (OVERVIEW, DESTINATION, ENGINES, LISTENER)
