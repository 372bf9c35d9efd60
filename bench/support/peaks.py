"""How fast this machine multiplies matrices: what a network could reach at most."""

from collections.abc import Callable

import numpy as np
import torch

SIDE = 2048
GFLOP = 2 * SIDE**3 / 1e9
HOW = f"the best product of two square matrices of {SIDE} rows, all cores, in every round"


def multiplications() -> dict[str, Callable[[], object]]:
    """Return the ways to multiply two matrices, by precision and library."""
    left = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    single = torch.from_numpy(left)
    half = single.bfloat16()
    return {
        "fp32 NumPy (OpenBLAS)": lambda: left @ left,
        "fp32 PyTorch (MKL)": lambda: single @ single,
        "bf16 PyTorch (oneDNN)": lambda: half @ half,
    }


def peaks(seconds: dict[str, float]) -> dict[str, float]:
    """Return the GFLOP/s of each precision, given the best seconds of each way to multiply."""
    found: dict[str, float] = {}
    for name, best in seconds.items():
        precision = name.split()[0]
        found[precision] = max(found.get(precision, 0.0), GFLOP / best)
    return found
