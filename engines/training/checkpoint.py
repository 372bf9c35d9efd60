"""What a training run keeps on disk."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

LAST, BEST = "last.pt", "best.pt"


def keep(kept: Mapping[str, Any], folder: Path, *, best: bool) -> None:
    """Keep the state of a run as the last one, and before that as the best one if it is.

    Each is put in place at once: whoever is killed at any time has lost no more than an epoch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in [BEST, LAST] if best else [LAST]:
        partial = folder / f"{name}.partial"
        torch.save(dict(kept), partial)
        partial.replace(folder / name)
