"""Debian's promtool, and the rules that a node is watched by."""

import subprocess
from pathlib import Path

import yaml
from peers.programs import program
from peers.prometheus import SHIPPED

PROJECT = Path(__file__).parents[1]
RULES = SHIPPED / "rules/senoscope.yml"


def promtool(*arguments, given=""):
    """Return its exit status and what it said."""
    command = [program("promtool", "prometheus"), *map(str, arguments)]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=240, check=False
    )
    return done.returncode, done.stdout + done.stderr


def alerts():
    """Return all alerts as they are written."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]
