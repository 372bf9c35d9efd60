"""What is a UID: only that becomes a name on the disk."""

import re

LONGEST_UID = 64
"""PS3.5 9.1."""

_UID = re.compile(r"[0-9]+(\.[0-9]+)+")


def is_uid(text: str) -> bool:
    """Tell whether `text` is a UID by PS3.5 9.1; components with leading zeros pass, they exist."""
    return len(text) <= LONGEST_UID and _UID.fullmatch(text) is not None
