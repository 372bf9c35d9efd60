"""The trial of a foreign network, from outside: whatever it does to its process ends there."""

import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.importing.foreign import LARGEST, MB, ForeignError, UnsaidError, read_foreign
from engines.importing.trial import FOREIGN, SAID, WEIGHTS, WISH
from engines.importing.wish import Found, Wish


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a trial may take: bytes of its file, bytes of memory, and seconds."""

    file: int = LARGEST
    memory: int = 8_000 * MB
    seconds: float = 600


def try_out(path: Path, wish: Wish, bounds: Bounds) -> tuple[Found, bytes]:
    """Return what the network in that file is like, and its weights as the shelf wants them.

    Raises:
        UnsaidError: the wish must say more.
        ForeignError: it is refused; the message says why and what to do.
    """
    model = read_foreign(path, bounds.file)
    with tempfile.TemporaryDirectory(prefix="senoscope-import-") as name:
        folder = Path(name)
        (folder / FOREIGN).write_bytes(model.SerializeToString())
        (folder / WISH).write_text(wish.model_dump_json())
        del model
        try:
            return Found(**_said(folder, bounds)), (folder / WEIGHTS).read_bytes()
        except UnsaidError as error:
            raise UnsaidError(f"{path}: {error}", error.field) from None
        except ForeignError as error:
            raise ForeignError(f"{path}: {error}") from None


def _said(folder: Path, bounds: Bounds) -> dict[str, Any]:
    command = [sys.executable, "-m", "engines.importing.trial", str(folder), str(bounds.memory)]
    try:
        done = subprocess.run(  # noqa: S603 - the command is our own
            command,
            capture_output=True,
            check=False,
            timeout=bounds.seconds,
        )
    except subprocess.TimeoutExpired:
        raise ForeignError(f"did not answer within {bounds.seconds:.0f} s") from None
    if done.returncode or not (folder / SAID).is_file():
        raise ForeignError(f"ended the process it was tried in ({_death(done.returncode)})")
    said: dict[str, Any] = json.loads((folder / SAID).read_text())
    if "unsaid" in said:
        raise UnsaidError(said["refused"], said["unsaid"])
    if "refused" in said:
        raise ForeignError(said["refused"])
    return said


def _death(status: int) -> str:
    if status < 0:
        return f"{signal.Signals(-status).name}; it may need more memory: see --memory"
    return f"exit status {status}"
