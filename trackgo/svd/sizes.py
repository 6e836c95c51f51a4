"""Which sizes SVD samples: its VAE makes one latent cell of 8×8 pixels, and its UNet takes any number of cells."""

from __future__ import annotations

LATENT_PX = 8
"""Pixels along each side of a latent cell. Where a side is odd at some level of the UNet, the strided convolution there
rounds up, and the up-sampling on the way back gives the size that the skip connection has: in both back ends."""


def check_sides(width: int, height: int, what: str = "width and height") -> None:
    """Refuse a frame that has no whole number of latent cells.

    Args:
        width, height: pixels.
        what: what the message calls them.

    Raises:
        ValueError: a side that is not a positive multiple of 8.
    """
    if width < 1 or height < 1 or width % LATENT_PX or height % LATENT_PX:
        raise ValueError(f"{what} must be multiples of {LATENT_PX}, got {width}×{height}")
