"""Restoration of the two small faces of ultralytics' ``zidane.jpg`` at 300 pixels.

    python -m benchmarks.small_faces [--out docs/faces.jpg]

The photo is degraded by noise, JPEG or blur, put before a white background with ``enhance_faces=1``
and compared with the photo as it was: PSNR and SSIM over the squares of the faces. The sheet has a
row for each kind, and for each face the original, the degraded and the restored one.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.sheet import known_photo, tile
from bgswap import BackgroundSwapper, Settings, SwapOptions
from bgswap.backgrounds.plain import PlainColor
from bgswap.detection.base import enlarged
from bgswap.faces.degradation import jpeg_compressed
from bgswap.io.encoding import save
from bgswap.io.images import open_photo, resize
from bgswap.types import Person, SwapResult
from training.common.metrics import ssim
from training.face_vae.degrade import noisy

SIZE = (300, 169)
# The squares of both faces at that size, by hand: x, y, side.
SQUARES = ((124, 63, 36), (212, 24, 38))
WHITE = PlainColor((255, 255, 255))
TILE = 152
KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "noise 20": lambda photo: noisy(photo, 20, np.random.default_rng(0)),
    "JPEG 15": lambda photo: jpeg_compressed(photo, 15),
    "blur 1": lambda photo: cv2.GaussianBlur(photo, (0, 0), 1),
}


def small_photo() -> np.ndarray:
    """``zidane.jpg`` at 300 pixels, (169, 300, 3) uint8 RGB."""
    return resize(open_photo(known_photo("zidane.jpg")), SIZE)


def people_in(swapper: BackgroundSwapper) -> list[Person]:
    """The people of the photo as found at its full size, at :data:`SIZE`."""
    found = swapper.find_people(open_photo(known_photo("zidane.jpg")))
    return [enlarged(person, SIZE[::-1]) for person in found]


def restored(
    swapper: BackgroundSwapper, photo: np.ndarray, people: list[Person], strength: float
) -> SwapResult:
    """The people of a degraded photo before white, their faces restored with a strength.

    Args:
        people: as found in the photo at its full size.
    """
    options = SwapOptions(seed=0, enhance_faces=strength)
    return swapper.swap(photo, background=WHITE, known=people, options=options)


def faces_of(picture: np.ndarray) -> list[np.ndarray]:
    """Both faces of a picture of :data:`SIZE`, (side, side, 3) uint8 RGB."""
    return [picture[y : y + side, x : x + side] for x, y, side in SQUARES]


def scores(picture: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """PSNR in dB and SSIM of the faces, as means over both."""
    pairs = list(zip(faces_of(picture), faces_of(truth), strict=True))
    errors = [np.square(np.float32(a) - b).mean() for a, b in pairs]
    psnr = float(np.mean(10 * np.log10(255**2 / np.array(errors))))
    return psnr, float(np.mean([ssim(a, b) for a, b in pairs]))


def main() -> None:
    """Run the command: print the scores, write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/faces.jpg"))
    options = parser.parse_args()
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    photo, rows = small_photo(), []
    people = people_in(swapper)
    truth = restored(swapper, photo, people, 0).image
    for kind, degrade in KINDS.items():
        before, after = (restored(swapper, degrade(photo), people, s) for s in (0, 1))
        for words, result in (("untouched", before), ("restored", after)):
            print(
                "{}, {}: {:.2f} dB, SSIM {:.3f}".format(kind, words, *scores(result.image, truth))
            )
        print(*after.notes, sep="\n")
        columns = zip(*map(faces_of, (truth, before.image, after.image)), strict=True)
        rows.append(np.hstack([tile(face, TILE) for faces in columns for face in faces]))
    save(np.vstack(rows), options.out)


if __name__ == "__main__":
    main()
