"""A picture file as the background."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from bgswap.backgrounds.blur import lens_blur
from bgswap.errors import BadInput
from bgswap.io.images import resize
from bgswap.types import Background

PictureMode = Literal["fill", "fit"]
# Radius of the blur beside a fitted picture, as a share of the longer side; by eye.
BESIDE_RADIUS = 0.02


@dataclass(frozen=True, eq=False)
class OwnPicture:
    """A picture at the photo's size, in its own aspect.

    ``fill`` covers the whole frame and crops what does not fit. ``fit`` shows the whole picture;
    the bars beside it show the same picture as ``fill`` does, enlarged and out of focus.

    Attributes:
        picture: (h, w, 3) uint8 RGB, as :func:`bgswap.io.images.open_photo` gives it.
        mode: ``fill`` or ``fit``.
        position: x and y in [0, 1]: what is shown of a filling picture, or where in the frame a
            fitted one stands; 0 is left or top, 1 right or bottom.

    Raises:
        BadInput: another mode, or a position out of its bounds.
    """

    picture: np.ndarray
    mode: PictureMode = "fill"
    position: tuple[float, float] = (0.5, 0.5)

    def __post_init__(self) -> None:
        if self.mode not in get_args(PictureMode):
            raise BadInput(f"a background picture is put in as fill or fit, not as {self.mode!r}")
        if len(self.position) != 2 or not all(0 <= share <= 1 for share in self.position):
            raise BadInput(
                f"the position of a background picture is two numbers from 0 to 1, "
                f"got {self.position!r}"
            )

    def make(self, photo: np.ndarray, alpha: np.ndarray) -> list[Background]:
        """See :class:`bgswap.backgrounds.base.BackgroundSource`."""
        size = photo.shape[:2]
        image = self._filling(size) if self.mode == "fill" else self._fitted(size)
        return [Background(image, "picture")]

    def _filling(self, size: tuple[int, int]) -> np.ndarray:
        factor = max(side / own for side, own in zip(size, self.picture.shape, strict=False))
        shown = [
            min(max(round(side / factor), 1), own)
            for side, own in zip(size, self.picture.shape, strict=False)
        ]
        top, left = self._offset(self.picture.shape, shown)
        part = self.picture[top : top + shown[0], left : left + shown[1]]
        return resize(np.ascontiguousarray(part), size[::-1])

    def _fitted(self, size: tuple[int, int]) -> np.ndarray:
        factor = min(side / own for side, own in zip(size, self.picture.shape, strict=False))
        shown = [
            min(max(round(own * factor), 1), side)
            for side, own in zip(size, self.picture.shape, strict=False)
        ]
        inner = resize(self.picture, (shown[1], shown[0]))
        if inner.shape[:2] == size:
            return inner
        result = lens_blur(self._filling(size), BESIDE_RADIUS * max(size))
        top, left = self._offset(size, shown)
        result[top : top + shown[0], left : left + shown[1]] = inner
        return result

    def _offset(self, outer: tuple[int, ...], inner: list[int]) -> tuple[int, int]:
        """Row and column of a picture of the inner size in one of the outer size."""
        x, y = self.position
        return round((outer[0] - inner[0]) * y), round((outer[1] - inner[1]) * x)
