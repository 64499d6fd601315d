"""Restore degraded faces of kept people with the face VAE; faces of good quality are unchanged.

A face finder (:mod:`bgswap.faces.face_finder`) gives one face for each kept person; its box is
changed to the tight square of the CelebA crops that the VAE was trained on. The degradation is
estimated (:mod:`bgswap.faces.degradation`, :mod:`bgswap.faces.softness`); noise and JPEG blocks, or
else softness, are removed at the VAE's 64 x 64 pixels (:mod:`bgswap.faces.restoration`), and only
the change is scaled back and added: the finer detail of a larger face stays, and so does a face
without a measured degradation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.faces.base import FaceFinder
from bgswap.faces.degradation import simulate_noise
from bgswap.faces.gains import FILE, FaceCalibration
from bgswap.faces.restoration import denoised, noise_power, sharpened
from bgswap.faces.softness import classify_softness, frequency_limit
from bgswap.faces.windows import (
    SIDE,
    Box,
    fill_outside_person,
    interior_weight,
    rows_and_columns,
    snap_to_side,
    taper_window,
    tight_square,
    with_margin,
)
from bgswap.io.images import resize

if TYPE_CHECKING:
    from bgswap.networks import FaceVAE


@dataclass(frozen=True)
class EnhancerConfig:
    """Which faces are changed, and where."""

    # Smallest side of a face in pixels of the photo: smaller ones have too little detail.
    smallest_face: int = 16
    # Width of the mask's soft edge, where the scene shows through: share of a face, minimum pixels.
    edge: float = 0.06
    least_edge: int = 2
    # Standard deviation of the blur that stands in for a reconstruction in the margin around a
    # face, pixels.
    margin_blur: float = 1.5


CONFIG = EnhancerConfig()
# What happens to the face of a person, in the order of a note.
OUTCOMES = ("restored", "left alone", "not found")


class FaceEnhancer:
    """Finds the faces of kept people and restores them with a face VAE.

    Args:
        vae: the network; used in eval mode.
        finder: detects the face of a person.
        device: the torch device the VAE runs on.
        calibration: fitted for the network; without it softness is not restored.
    """

    def __init__(
        self,
        vae: "FaceVAE",
        finder: FaceFinder,
        device: str = "cpu",
        calibration: FaceCalibration | None = None,
    ) -> None:
        self.finder, self.device, self.calibration = finder, device, calibration
        self.vae = vae.to(device).eval()

    @classmethod
    def from_folder(
        cls, folder: str | Path, device: str = "cpu", finder: FaceFinder | None = None
    ) -> "FaceEnhancer":
        """Load the VAE from a folder in Hub layout, and its calibration where there is one.

        Args:
            folder: of the VAE.
            device: the torch device.
            finder: None: CenterFace.

        Raises:
            OSError, RuntimeError: the folder holds no such weights, or they do not fit.
            ValueError: the calibration cannot be read.
        """
        from bgswap.faces.center_face_file import packaged_finder
        from bgswap.networks import FaceVAE

        vae = FaceVAE.from_pretrained(str(folder), strict=True)
        finder = finder or packaged_finder(device)
        return cls(vae, finder, device, FaceCalibration.read(Path(folder)))

    def check(self) -> None:
        """Smoke test of custom weights: reconstruct noise.

        Raises:
            Exception: the network does not run, or its output is not finite.
        """
        import torch

        with torch.inference_mode():
            faces = torch.rand(1, 3, SIDE, SIDE).to(self.device)
            if not all(torch.isfinite(part).all() for part in self.vae(faces)):
                raise ValueError("a reconstructed face is not finite")

    def enhance(
        self, image: np.ndarray, masks: Sequence[np.ndarray], strength: float
    ) -> tuple[np.ndarray, list[str]]:
        """Restore the face of each kept person.

        Args:
            image: (H, W, 3) uint8 RGB.
            masks: of each kept person, (H, W) float32 in [0, 1]; pixels outside do not change.
            strength: 0 (the image is returned unchanged) to 1.

        Returns:
            The image, (H, W, 3) uint8 RGB, and a note with the number of faces that were restored,
            left alone and not found.

        Raises:
            ValueError: a mask has another size, or the strength is out of range.
        """
        if any(mask.shape != image.shape[:2] for mask in masks):
            raise ValueError(f"image {image.shape} and its masks differ in size")
        if not 0 <= strength <= 1:
            raise ValueError(f"expected a strength from 0 to 1, got {strength}")
        if strength == 0:
            return image, []
        result, counts = image.copy(), dict.fromkeys(OUTCOMES, 0)
        for mask in masks:
            box = self.find_face(image, mask)
            if box is None:
                counts["not found"] += 1
            else:
                restored = self._restore(result, mask, box, strength)
                counts["restored" if restored else "left alone"] += 1
        notes = [_note(counts)]
        if counts["left alone"] and self.calibration is None:
            notes.append(f"Faces: softness is not restored, because the face VAE has no {FILE}.")
        return result, notes

    def find_face(self, image: np.ndarray, mask: np.ndarray) -> Box | None:
        """The face of one person as a tight square: (x, y, side) in pixels.

        Args:
            image: (H, W, 3) uint8 RGB.
            mask: of the person, (H, W) float32 in [0, 1]; pixels outside it are ignored.

        Returns:
            None where no face was detected, or too small a one.
        """
        face = self.finder.find(image, mask)
        if face is None:
            return None
        box = tight_square(face, image.shape)
        return box if box[2] >= CONFIG.smallest_face else None

    def _reconstruct(self, face: np.ndarray) -> np.ndarray:
        """The VAE's reconstruction of a face, (64, 64, 3) uint8 RGB."""
        import torch

        from bgswap.io.tensors import images_to_tensor, tensor_to_images

        with torch.inference_mode():
            reconstruction, _, _ = self.vae(images_to_tensor([face]).to(self.device))
        return tensor_to_images(reconstruction)[0]

    def _restore(self, image: np.ndarray, mask: np.ndarray, box: Box, strength: float) -> bool:
        """Restore one face in place; False where it has no measured degradation."""
        box, margin = with_margin(snap_to_side(box, image.shape), image.shape)
        window, side = rows_and_columns(box), box[2]
        own = interior_weight(mask[window], max(round(CONFIG.edge * side), CONFIG.least_edge + 1))
        face = fill_outside_person(image[window], own)
        change = self._change(face, own == 1, SIDE + 2 * margin)
        if change is None:
            return False
        scaled: np.ndarray = cv2.resize(change, (side, side), interpolation=cv2.INTER_CUBIC)
        scaled *= (strength * mask[window])[..., None]
        image[window] = (image[window] + scaled).round().clip(0, 255).astype(np.uint8)
        return True

    def _change(self, face: np.ndarray, visible: np.ndarray, size: int) -> np.ndarray | None:
        """What to add to a face (H, H, 3) with its margin, scaled to (size, size, 3) float32."""
        small = resize(face, (size, size))
        margin = (size - SIDE) // 2
        middle = (slice(margin, margin + SIDE),) * 2
        noise = simulate_noise(face, visible, size)
        if noise is not None:
            # The VAE does not cover the margin: there the blurred face stands in for the
            # reconstruction, so that the restored area ends outside the face.
            reconstruction = cv2.GaussianBlur(small.astype(np.float32), (0, 0), CONFIG.margin_blur)
            reconstruction[middle] = self._reconstruct(small[middle])
            restored = denoised(small, reconstruction, noise_power(noise))
            return (restored - small) * taper_window(size)[..., None]
        known, limit = self.calibration, frequency_limit(len(face) * SIDE / size)
        if known is None:
            return None
        softness = classify_softness(small[middle], known, limit)
        if softness is None:
            return None
        reconstruction = self._reconstruct(small[middle]).astype(np.float32)
        change = np.zeros(small.shape, np.float32)
        sharper = (
            sharpened(small[middle], reconstruction, *softness, known.usual_error, limit)
            - small[middle]
        )
        change[middle] = sharper * taper_window(SIDE)[..., None]
        return change


def _note(counts: dict[str, int]) -> str:
    people = sum(counts.values())
    words = [f"{count} {what}" for what, count in counts.items() if count]
    return f"Faces of {people} kept people: {', '.join(words)}."
