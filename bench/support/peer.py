"""ONNX Runtime as it comes: what others are timed against."""

import onnxruntime

from engines.backends.onnxruntime import ReferenceEngine
from engines.card import Card


def peer(card: Card) -> ReferenceEngine:
    """Return ONNX Runtime on the card's graph, with the options that it has by default.

    The node's own reference gives memory back after each batch, and so is slower here and there.
    """
    session = onnxruntime.InferenceSession(
        card.weights.read_bytes(), providers=["CPUExecutionProvider"]
    )
    return ReferenceEngine(card, session)
