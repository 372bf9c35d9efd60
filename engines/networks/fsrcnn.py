"""FSRCNN (Dong 2016), as Honjo 2022 uses it."""

from torch import Tensor, nn

KERNEL = 9
HALO = 8
"""Reach of the receptive field in input pixels: 2 + 4 x 1 + 2 (the deconvolution's)."""


class FSRCNN(nn.Sequential):  # type: ignore[misc] # torch is an extra
    """Enlarge: (images, 1, rows, columns) in 0..1 to (images, 1, scale rows, scale columns).

    Dong 2016, section 3.3, written Conv(f, n, c) = filter size, filters, channels:
    Conv(5, 56, 1) - Conv(1, 12, 56) - 4 x Conv(3, 12, 12) - Conv(1, 56, 12) - Deconv(9, 1, 56),
    PReLU after every convolution. All scales differ in the stride of the deconvolution alone, so
    that one's weights are a start for another.
    """

    def __init__(self, d: int = 56, s: int = 12, m: int = 4, scale: int = 2) -> None:
        super().__init__()
        self.extract = _conv(5, d, 1)
        self.shrink = _conv(1, s, d)
        self.map = nn.Sequential(*(_conv(3, s, s) for _ in range(m)))
        self.expand = _conv(1, d, s)
        centre = (scale - 1) // 2  # of the scale outputs of an input, the one its kernel is on
        self.deconvolve = nn.ConvTranspose2d(
            d,
            1,
            KERNEL,
            stride=scale,
            padding=KERNEL // 2 - centre,
            output_padding=scale - 1 - 2 * centre,
        )
        nn.init.normal_(self.deconvolve.weight, std=1e-3)
        nn.init.zeros_(self.deconvolve.bias)

    def features(self, batch: Tensor) -> Tensor:
        """Return what the deconvolution is given: everything before it."""
        for layer in list(self)[:-1]:
            batch = layer(batch)
        return batch


def _conv(f: int, n: int, c: int) -> nn.Sequential:
    """Return Conv(f, n, c) and its PReLU, initialised for each other (He 2015)."""
    slope = 0.25
    convolution = nn.Conv2d(c, n, f, padding=f // 2)
    nn.init.kaiming_normal_(convolution.weight, a=slope)
    nn.init.zeros_(convolution.bias)
    return nn.Sequential(convolution, nn.PReLU(n, init=slope))
