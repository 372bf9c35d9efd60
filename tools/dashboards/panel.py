"""What a dashboard consists of, and how Grafana writes it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SCHEMA = 39
"""Of Grafana 11."""
SOURCE = {"type": "prometheus", "uid": "${source}"}
COLUMNS, HEIGHT = 24, 8
RATE = "$__rate_interval"


@dataclass(frozen=True)
class Panel:
    """A question in Prometheus's words, and how its answer is shown."""

    title: str
    description: str
    unit: str
    """One of Grafana's."""
    queries: Sequence[tuple[str, str]]
    """Expression and legend."""
    kind: str = "timeseries"
    width: int = 12
    stacked: bool = False
    red_from: float | None = None
    """A number from which on it is shown in red."""

    def json(self, number: int, x: int, y: int) -> dict[str, Any]:
        """Return it as Grafana writes it, at that place."""
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": self._options(),
            "targets": [
                {
                    "refId": chr(ord("A") + place),
                    "expr": expr,
                    "legendFormat": legend,
                    "datasource": SOURCE,
                    "instant": self.kind == "stat",
                    "range": self.kind != "stat",
                }
                for place, (expr, legend) in enumerate(self.queries)
            ],
        }

    @property
    def height(self) -> int:
        """How many lines it takes."""
        return HEIGHT // 2 if self.kind == "stat" else HEIGHT

    def _defaults(self) -> dict[str, Any]:
        steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
        if self.red_from is not None:
            steps.append({"color": "red", "value": self.red_from})
        drawn = {
            "drawStyle": "line",
            "fillOpacity": 20 if self.stacked else 0,
            "showPoints": "never",
            "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
        }
        return {
            "unit": self.unit,
            "min": 0,
            "thresholds": {"mode": "absolute", "steps": steps},
            "custom": {} if self.kind == "stat" else drawn,
        }

    def _options(self) -> dict[str, Any]:
        if self.kind == "stat":
            return {
                "colorMode": "background",
                "graphMode": "none",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "textMode": "auto",
            }
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }


@dataclass(frozen=True)
class Dashboard:
    """Panels that are looked at together."""

    name: str
    title: str
    description: str
    panels: Sequence[Panel]
    variables: Sequence[tuple[str, str, str]] = ()
    """Name, label and query of what can be chosen."""

    def text(self) -> str:
        """Return its file."""
        return json.dumps(self.json(), indent=2) + "\n"

    def json(self) -> dict[str, Any]:
        """Return it as Grafana writes it."""
        return {
            "uid": f"senoscope-{self.name}",
            "title": self.title,
            "description": self.description,
            "tags": ["senoscope"],
            "schemaVersion": SCHEMA,
            "version": 1,
            "editable": False,
            "refresh": "30s",
            "time": {"from": "now-24h", "to": "now"},
            "timezone": "browser",
            "graphTooltip": 1,
            "links": [_LINK],
            "annotations": {"list": [_ALERTS]},
            "templating": {"list": [_SOURCES, *map(_variable, self.variables)]},
            "panels": self._placed(),
        }

    def _placed(self) -> list[dict[str, Any]]:
        """Return the panels from left to right, in rows."""
        placed, x, y, lines = [], 0, 0, 0
        for number, panel in enumerate(self.panels, 1):
            if x + panel.width > COLUMNS:
                x, y, lines = 0, y + lines, 0
            placed.append(panel.json(number, x, y))
            x, lines = x + panel.width, max(lines, panel.height)
        return placed


def one(expr: str) -> str:
    """Return `expr` as one series, however many consoles tell it."""
    return f"max without (instance, job) ({expr})"


def total(series: str, *by: str) -> str:
    """Return the sum of a gauge, for each of `by`."""
    return f"sum by ({', '.join(by)}) ({one(series)})"


def pace(series: str, *by: str) -> str:
    """Return by how much a counter grows in an hour, for each of `by`."""
    return f"3600 * sum by ({', '.join(by)}) ({one(f'rate({series}[{RATE}])')})"


def quantile(share: float, histogram: str, *by: str) -> str:
    """Return the value that so large a share of what was observed lies below."""
    grouped = ", ".join(["le", *by])
    rate = one(f"rate({histogram}_bucket[{RATE}])")
    return f"histogram_quantile({share}, sum by ({grouped}) ({rate}))"


def mean(histogram: str, *by: str) -> str:
    """Return the mean of what was observed."""
    kinds = ", ".join(by)
    sums, counts = (one(f"rate({histogram}_{end}[{RATE}])") for end in ("sum", "count"))
    return f"sum by ({kinds}) ({sums}) / sum by ({kinds}) ({counts})"


def or_none(expr: str) -> str:
    """Return `expr`, 0 where there is nothing."""
    return f"{expr} or vector(0)"


def stat(title: str, description: str, query: str, **options: Any) -> Panel:  # noqa: ANN401
    """Return a panel of a number."""
    unit, legend = options.pop("unit", "short"), options.pop("legend", "")
    return Panel(title, description, unit, [(query, legend)], "stat", 4, **options)


_SOURCES = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
_LINK = {
    "type": "dashboards",
    "title": "Senoscope",
    "tags": ["senoscope"],
    "asDropdown": True,
    "keepTime": True,
    "includeVars": False,
}
_ALERTS = {
    "name": "Alerts",
    "datasource": SOURCE,
    "enable": True,
    "iconColor": "red",
    "expr": 'ALERTS{alertname=~"Senoscope.+", alertstate="firing"}',
    "titleFormat": "{{alertname}}",
}


def _variable(chosen: tuple[str, str, str]) -> dict[str, Any]:
    name, label, query = chosen
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": False,
        "includeAll": False,
    }
