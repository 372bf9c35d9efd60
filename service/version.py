"""Which Senoscope this is."""

from importlib.metadata import version

from pipelines.results import provenance

VERSION = version("senoscope")
IMPLEMENTATION_CLASS_UID = provenance.IMPLEMENTATION_CLASS_UID
"""PS3.7 D.3.3.2: in associations and in files that this node writes."""
IMPLEMENTATION_VERSION_NAME = f"SENOSCOPE_{VERSION}"[:16]
