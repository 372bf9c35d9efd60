"""Small words of messages."""

from datetime import datetime

LONGEST = 300
"""Characters of a reason."""


def one_line(text: str) -> str:
    """Return `text` in one line that no header can be made of, and not too long."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    words = " ".join(printable.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def counted(number: int, one: str, many: str = "") -> str:
    """Return the number and what it counts: ``1 job``, ``12 jobs``."""
    return f"{number} {one}" if number == 1 else f"{number} {many or f'{one}s'}"


def moment(time: datetime) -> str:
    """Return that time as people read it, in UTC."""
    return f"{time:%Y-%m-%d %H:%M} UTC"
