"""One photo before and after, for the empty page and for shared links."""

import io
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from bgswap.io.encoding import encode
from bgswap.io.images import fit_within, open_photo
from bgswap.ui.examples import example_photos

PHOTO = "bus.jpg"
# The result wherever it differs from the photo, and transparent elsewhere: benchmarks/sample.py.
SCENE = Path(__file__).with_name("sample-scene.webp")
LONGEST = 640


@cache
def before_and_after() -> bytes | None:
    """The photo and its result side by side, as a JPEG file; None where the photo is not there."""
    photo = next((path for path in example_photos() if path.name == PHOTO), None)
    if photo is None:
        return None
    before = fit_within(open_photo(photo), longest=LONGEST)
    with Image.open(io.BytesIO(SCENE.read_bytes())) as picture:
        scene = np.asarray(picture.convert("RGBA"))
    after = np.where(scene[..., 3:] > 0, scene[..., :3], before)
    return encode(np.hstack([before, after]), ".jpg", quality=85)
