"""The operators of ONNX in PyTorch: those that networks on images are made of."""

from collections.abc import Mapping
from types import MappingProxyType

from engines.backends.torch.operators.convolving import CONVOLVING
from engines.backends.torch.operators.padding import pad
from engines.backends.torch.operators.placewise import PLACEWISE
from engines.backends.torch.operators.pooling import POOLING
from engines.backends.torch.operators.reducing import REDUCING
from engines.backends.torch.operators.resizing import resize
from engines.backends.torch.operators.said import LackingError, Operator, Said
from engines.backends.torch.operators.shaping import SHAPING

__all__ = ["OPERATORS", "LackingError", "Operator", "Said"]

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {**CONVOLVING, **PLACEWISE, **POOLING, **REDUCING, **SHAPING, "Pad": pad, "Resize": resize}
)
