"""Which Senoscope this is."""

from importlib.metadata import version

VERSION = version("senoscope")
