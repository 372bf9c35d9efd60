"""What one place of a tensor sees of the image: exact arithmetic, axis by axis."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor, lcm
from typing import Self

ONE, NONE = Fraction(1), Fraction(0)


class UnboundedError(Exception):
    """What an operator sees has no bound, or none that is known; the message says which."""


@dataclass(frozen=True, slots=True)
class Taps:
    """Along one axis, output o of an operator reads o * stride + first .. o * stride + last."""

    stride: Fraction = ONE
    first: Fraction = NONE
    last: Fraction = NONE


@dataclass(frozen=True, slots=True)
class Span:
    """Along one axis, place o of a tensor sees pixels o * jump - left .. o * jump + right.

    `grid` is what the places of a window must be multiples of so that all that lies before this
    tensor falls in step with it.
    """

    left: Fraction = NONE
    right: Fraction = NONE
    jump: Fraction = ONE
    grid: int = 1

    def through(self, taps: Taps) -> Self:
        """Return what is seen through an operator that reads this tensor so."""
        jump = self.jump * taps.stride
        return type(self)(
            self.left - taps.first * self.jump,
            self.right + taps.last * self.jump,
            jump,
            lcm(self.grid, jump.numerator),
        )

    def beside(self, other: Self) -> Self:
        """Return what is seen through an operator that reads both tensors place by place.

        Raises:
            UnboundedError: they are of different scales, so no two places belong together.
        """
        if self.jump != other.jump:
            raise UnboundedError(f"tensors of scales {1 / self.jump} and {1 / other.jump} together")
        return type(self)(
            max(self.left, other.left),
            max(self.right, other.right),
            self.jump,
            lcm(self.grid, other.grid),
        )

    @property
    def halo(self) -> int:
        """Pixels that place o sees to either side of pixel floor(o * jump), at most.

        o * jump lies 0 to 1 - 1 / denominator beyond that pixel.
        """
        beyond = 1 - Fraction(1, self.jump.denominator)
        return max(0, floor(self.left), floor(self.right + beyond))


@dataclass(frozen=True, slots=True)
class Field:
    """What the places of a tensor of four axes see; `axes` are those of rows and columns."""

    rows: Span = Span()
    columns: Span = Span()
    axes: tuple[int, int] = (2, 3)

    def through(self, down: Taps, across: Taps) -> Self:
        """Return what is seen through an operator that reads this tensor so."""
        return type(self)(self.rows.through(down), self.columns.through(across), self.axes)

    def beside(self, other: Self) -> Self:
        """Return what is seen through an operator that reads both tensors place by place.

        Raises:
            UnboundedError: they are of different scales, or lie differently.
        """
        if self.axes != other.axes:
            raise UnboundedError("rows and columns on different axes together")
        rows, columns = self.rows.beside(other.rows), self.columns.beside(other.columns)
        return type(self)(rows, columns, self.axes)
