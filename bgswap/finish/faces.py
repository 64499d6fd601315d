"""Restore degraded faces of kept people with the face VAE, and leave good ones alone.

A face is found inside each kept person by the LBP cascade that ships with scikit-image (after
OpenCV's lbpcascade_frontalface; Liao et al., "Learning Multi-scale Block Local Binary Patterns for
Face Recognition", 2007). Its windows fit the tight CelebA crops that the VAE was trained on. Of
what the VAE would change only the bands are taken that a 64 x 64 picture has and noise sits in,
each by an empirical Wiener gain: measured noise over the size of the change. So a clean face stays
as it is, and where the VAE is unsure, which makes the change large, little of it is taken.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.images import resize

if TYPE_CHECKING:
    from bgswap.networks import FaceVAE

SIDE = 64
# Faces smaller than this hold too little to restore; in pixels of the photo.
SMALLEST_FACE = 16
# A standing adult is some eight heads tall, a face is a little less than a head.
FACES_PER_HEIGHT = 13
# The cascade's own window is 24 pixels; a little more finds more.
CASCADE_FACE = 26
MOST_ENLARGED = 2.0
LEAST_COVERED = 0.75
# Standard deviation, in [0, 1], that clean faces show: 97 of 100 have less.
CLEAN_NOISE = 0.0131
# Noise that shows less than this on the 64 x 64 face is not worth a change.
LEAST_NOISE = 1 / 255
# Root mean square of the half of a standard normal that lies within its quartiles.
SMALLER_HALF = 0.3776
# Standard deviations of the Gaussians that part the bands, in pixels of the 64 x 64 face.
BANDS = (0.0, 1.0, 2.0, 4.0)

Box = tuple[int, int, int]


class FaceEnhancer:
    """Finds the faces of kept people and restores them with a face VAE.

    Args:
        vae: the network; used in eval mode.
        device: the torch device it runs on.
    """

    def __init__(self, vae: "FaceVAE", device: str = "cpu") -> None:
        from skimage import data
        from skimage.feature import Cascade

        self.device = device
        self.vae = vae.to(device).eval()
        self.cascade = Cascade(data.lbp_frontal_face_cascade_filename())

    @classmethod
    def from_folder(cls, folder: str | Path, device: str = "cpu") -> "FaceEnhancer":
        """Load the VAE from a folder in Hub layout: config.json and model.safetensors.

        Raises:
            OSError, RuntimeError: the folder holds no such weights, or they do not fit.
        """
        from bgswap.networks import FaceVAE

        return cls(FaceVAE.from_pretrained(str(folder), strict=True), device)

    def enhance(
        self, image: np.ndarray, masks: Sequence[np.ndarray], strength: float
    ) -> tuple[np.ndarray, list[str]]:
        """Restore the face of each kept person.

        Args:
            image: (H, W, 3) uint8 RGB.
            masks: of each kept person, (H, W) float32 in [0, 1]; outside it nothing changes.
            strength: 0 (the image itself is given back) to 1.

        Returns:
            The image, (H, W, 3) uint8 RGB, and notes on whom nothing could be done for.

        Raises:
            ValueError: a mask has another size, or the strength is out of range.
        """
        if any(mask.shape != image.shape[:2] for mask in masks):
            raise ValueError(f"image {image.shape} and its masks differ in size")
        if not 0 <= strength <= 1:
            raise ValueError(f"expected a strength from 0 to 1, got {strength}")
        if strength == 0:
            return image, []
        result = image.copy()
        missing = clean = 0
        for mask in masks:
            box = self.find_face(image, mask)
            if box is None:
                missing += 1
            elif not self._restore(result, mask, box, strength):
                clean += 1
        return result, _notes(missing, clean, len(masks))

    def find_face(self, image: np.ndarray, mask: np.ndarray) -> Box | None:
        """The face of one person as a tight square: (x, y, side) in pixels.

        Args:
            image: (H, W, 3) uint8 RGB.
            mask: of the person, (H, W) float32 in [0, 1]; the scene around it plays no part.

        Returns:
            None where no frontal face was found.
        """
        x, y, width, height = cv2.boundingRect((mask > 0.5).view(np.uint8))
        smallest = max(SMALLEST_FACE, height / FACES_PER_HEIGHT)
        # Heads are high up; in a portrait the face may reach down to the picture's edge.
        height = min(height, round(max(0.6 * height, 1.2 * width)))
        if min(width, height) < smallest:
            return None
        zone = (slice(y, y + height), slice(x, x + width))
        scale = min(CASCADE_FACE / smallest, MOST_ENLARGED)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        person, covered = resize(image[zone], size), resize(mask[zone], size)
        windows = self.cascade.detect_multi_scale(
            _without_scene(person, covered),
            scale_factor=1.1,
            step_ratio=1,
            min_size=(round(smallest * scale), round(smallest * scale)),
            max_size=size[::-1],
        )
        found = [(w["c"], w["r"], w["width"]) for w in windows]
        inside = [box for box in found if covered[_window(box)].mean() > LEAST_COVERED]
        if not inside:
            return None
        # Of several the one that the VAE knows best as a face; it has seen nothing else.
        faces = [_without_scene(person[_window(box)], covered[_window(box)]) for box in inside]
        left, top, side = inside[int(np.argmin([self._strangeness(face) for face in faces]))]
        left, top, side = round(x + left / scale), round(y + top / scale), round(side / scale)
        side = min(side, image.shape[0] - top, image.shape[1] - left)
        return (left, top, side) if side >= SMALLEST_FACE else None

    def _strangeness(self, face: np.ndarray) -> float:
        """Error of the reconstruction over the contrast of the face: about 1 for no face."""
        small = resize(face, (SIDE, SIDE))
        error = small.astype(np.float32) - self._reconstruct(small)
        return float(np.square(error).mean() / (small.astype(np.float32).var() + 1))

    def _reconstruct(self, face: np.ndarray) -> np.ndarray:
        """(64, 64, 3) uint8 RGB to the same, as the VAE sees it."""
        import torch

        from bgswap.tensors import images_to_tensor, tensor_to_images

        with torch.inference_mode():
            reconstruction, _, _ = self.vae(images_to_tensor([face]).to(self.device))
        return tensor_to_images(reconstruction)[0]

    def _restore(self, image: np.ndarray, mask: np.ndarray, box: Box, strength: float) -> bool:
        """Restore one face in place; False where no noise was measured and it was left alone."""
        window = _window(box)
        face = _without_scene(image[window], mask[window])
        small = resize(face, (SIDE, SIDE))
        # What scaling leaves of white noise in the frequencies that a face of 64 pixels has.
        noise = (measured_noise(face) ** 2 - CLEAN_NOISE**2) * min(SIDE / box[2], 1) ** 2
        if noise < LEAST_NOISE**2:
            return False
        change = self._reconstruct(small).astype(np.float32) / 255 - small / np.float32(255)
        trusted = cv2.resize(_trusted(change, noise), (box[2],) * 2, interpolation=cv2.INTER_CUBIC)
        trusted *= (strength * _soft_window(box[2]) * mask[window])[..., None]
        restored = image[window] + 255 * trusted
        image[window] = restored.round().clip(0, 255).astype(np.uint8)
        return True


def measured_noise(face: np.ndarray) -> float:
    """Standard deviation of the noise in a picture, in [0, 1], mean of its channels.

    From the finest diagonal Haar coefficients, as Donoho and Johnstone (1994) do, but from their
    smaller half instead of the median alone: edges move it as little, and whole grey levels do
    not make it jump.

    Args:
        face: (H, W, 3) uint8 RGB.
    """
    height, width = face.shape[0] // 2 * 2, face.shape[1] // 2 * 2
    values = face[:height, :width].astype(np.float32) / 255
    columns = values[:, ::2] - values[:, 1::2]
    diagonal = (columns[::2] - columns[1::2]) / 2
    ordered = np.sort(np.abs(diagonal).reshape(-1, 3), axis=0)
    half = ordered[: len(ordered) // 2]
    return float(np.mean(np.sqrt(np.square(half).mean(0))) / SMALLER_HALF)


def _trusted(change: np.ndarray, noise: float) -> np.ndarray:
    """The part of a change (64, 64, 3) that noise of this variance explains, band by band."""
    trusted = np.zeros_like(change)
    for band, share in zip(_bands(change), _noise_shares(), strict=True):
        energy = cv2.GaussianBlur(np.square(band).mean(-1), (0, 0), 6)
        gain = np.minimum(noise * share / (energy + 1e-9), 1)
        trusted += gain[..., None] * band
    return trusted


def _bands(values: np.ndarray) -> list[np.ndarray]:
    """Differences of Gaussians, finest first; the coarsest remainder, level and light, is left."""
    smooth = [cv2.GaussianBlur(values, (0, 0), sigma) if sigma else values for sigma in BANDS]
    return [fine - coarse for fine, coarse in pairwise(smooth)]


@cache
def _noise_shares() -> list[float]:
    """How much of the variance of white noise falls into each band."""
    impulse = np.zeros((SIDE, SIDE), np.float32)
    impulse[SIDE // 2, SIDE // 2] = 1
    return [float(np.square(band).sum()) for band in _bands(impulse)]


def _window(box: Box) -> tuple[slice, slice]:
    left, top, side = box
    return slice(top, top + side), slice(left, left + side)


def _without_scene(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A crop with the person's mean colour where the scene was: white or jungle, all alike."""
    own = np.clip((mask - 0.75) * 4, 0, 1)[..., None]
    if own.max() == 0:
        return image
    mean = (image * own).sum((0, 1)) / own.sum()
    return (image * own + mean * (1 - own)).round().astype(np.uint8)


def _soft_window(side: int) -> np.ndarray:
    """(side, side) float32, 1 over the middle and falling to 0 at the border of a face."""
    distance = np.abs(np.linspace(-1, 1, side, dtype=np.float32))
    profile = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - 0.6) / 0.4, 0, 1))
    return np.outer(profile, profile)


def _notes(missing: int, clean: int, people: int) -> list[str]:
    notes = []
    if missing:
        notes.append(f"Faces: none found on {missing} of {people} kept people, who stay as is.")
    if clean:
        notes.append(f"Faces: no noise to mend on {clean} of {people} kept people, who stay as is.")
    return notes
