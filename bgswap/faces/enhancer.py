"""Restore degraded faces of kept people with the face VAE; faces of good quality are unchanged.

A face is detected inside each kept person by the LBP cascade that ships with scikit-image (after
OpenCV's lbpcascade_frontalface; Liao et al., "Learning Multi-scale Block Local Binary Patterns for
Face Recognition", 2007). Its windows fit the tight CelebA crops that the VAE was trained on. The
degradation is estimated at the photo's resolution (:mod:`bgswap.faces.degradation`); noise and
JPEG blocks, or else softness, are removed at the VAE's 64 x 64 pixels
(:mod:`bgswap.faces.restoration`), and only the change is scaled back and added: the finer detail
of a larger face stays, and so does a face without a measured degradation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.faces.degradation import classify_softness, simulate_noise
from bgswap.faces.gains import FILE, FaceCalibration
from bgswap.faces.restoration import denoised, noise_power, reconstruction_error, sharpened
from bgswap.faces.windows import (
    SIDE,
    Box,
    fill_outside_person,
    interior_weight,
    rows_and_columns,
    snap_to_side,
    taper_window,
    with_margin,
)
from bgswap.io.images import resize

if TYPE_CHECKING:
    from bgswap.networks import FaceVAE


@dataclass(frozen=True)
class EnhancerConfig:
    """How faces are detected inside people, and where they are changed."""

    # Smallest side of a face in pixels of the photo: smaller ones have too little detail.
    smallest_face: int = 16
    # Smallest face as a part of the person's height: an adult is about eight heads tall, and the
    # cascade's window is a little smaller than a head.
    faces_per_height: int = 13
    # Side in pixels that the smallest face is scaled to for the cascade, whose window has 24: a
    # little more has a higher recall. Greatest enlargement for it.
    cascade_face: int = 26
    most_enlarged: float = 2.0
    # Share of a detected window that the person must cover.
    least_covered: float = 0.75
    # Width of the mask's soft edge, where the scene shows through: share of a face, minimum pixels.
    edge: float = 0.06
    least_edge: int = 2
    # Standard deviation of the blur that stands in for a reconstruction in the margin around a
    # face, pixels.
    margin_blur: float = 1.5


CONFIG = EnhancerConfig()


class FaceEnhancer:
    """Finds the faces of kept people and restores them with a face VAE.

    Args:
        vae: the network; used in eval mode.
        device: the torch device it runs on.
        calibration: fitted for the network; without it softness is not restored.
    """

    def __init__(
        self, vae: "FaceVAE", device: str = "cpu", calibration: FaceCalibration | None = None
    ) -> None:
        from skimage import data
        from skimage.feature import Cascade

        self.device, self.calibration = device, calibration
        self.vae = vae.to(device).eval()
        self.cascade = Cascade(data.lbp_frontal_face_cascade_filename())

    @classmethod
    def from_folder(cls, folder: str | Path, device: str = "cpu") -> "FaceEnhancer":
        """Load the VAE from a folder in Hub layout, and its calibration where there is one.

        Raises:
            OSError, RuntimeError: the folder holds no such weights, or they do not fit.
            ValueError: the calibration cannot be read.
        """
        from bgswap.networks import FaceVAE

        vae = FaceVAE.from_pretrained(str(folder), strict=True)
        return cls(vae, device, FaceCalibration.read(Path(folder)))

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
            The image, (H, W, 3) uint8 RGB, and notes on people whose faces are unchanged.

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
        notes = _notes(missing, clean, len(masks))
        if clean and self.calibration is None:
            notes.append(f"Faces: softness is not restored, because the face VAE has no {FILE}.")
        return result, notes

    def find_face(self, image: np.ndarray, mask: np.ndarray) -> Box | None:
        """The face of one person as a tight square: (x, y, side) in pixels.

        Args:
            image: (H, W, 3) uint8 RGB.
            mask: of the person, (H, W) float32 in [0, 1]; pixels outside it are ignored.

        Returns:
            None where no frontal face was detected.
        """
        x, y, width, height = cv2.boundingRect((mask > 0.5).view(np.uint8))
        smallest = max(CONFIG.smallest_face, height / CONFIG.faces_per_height)
        # Search the upper part of the person; in a portrait the face may reach the lower border.
        height = min(height, round(max(0.6 * height, 1.2 * width)))
        if min(width, height) < smallest:
            return None
        zone = (slice(y, y + height), slice(x, x + width))
        scale = min(CONFIG.cascade_face / smallest, CONFIG.most_enlarged)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        covered = resize(mask[zone], size)
        person = resize(
            fill_outside_person(image[zone], interior_weight(mask[zone], CONFIG.least_edge)), size
        )
        windows = self.cascade.detect_multi_scale(
            person,
            scale_factor=1.1,
            step_ratio=1,
            min_size=(round(smallest * scale), round(smallest * scale)),
            max_size=size[::-1],
        )
        found = [(w["c"], w["r"], w["width"]) for w in windows]
        inside = [
            box for box in found if covered[rows_and_columns(box)].mean() > CONFIG.least_covered
        ]
        if not inside:
            return None
        # Of several windows the one that the VAE reconstructs best: it was trained on faces alone.
        errors = [self._reconstruction_error(person[rows_and_columns(box)]) for box in inside]
        left, top, side = inside[int(np.argmin(errors))]
        left, top, side = round(x + left / scale), round(y + top / scale), round(side / scale)
        side = min(side, image.shape[0] - top, image.shape[1] - left)
        return (left, top, side) if side >= CONFIG.smallest_face else None

    def _reconstruction_error(self, face: np.ndarray) -> float:
        small = resize(face, (SIDE, SIDE))
        return reconstruction_error(small, self._reconstruct(small))

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
        # A face that was enlarged to this size always is soft.
        known = self.calibration
        if known is None or len(face) < size:
            return None
        softness = classify_softness(small[middle], known)
        if softness is None:
            return None
        reconstruction = self._reconstruct(small[middle]).astype(np.float32)
        change = np.zeros(small.shape, np.float32)
        sharper = (
            sharpened(small[middle], reconstruction, *softness, known.usual_error) - small[middle]
        )
        change[middle] = sharper * taper_window(SIDE)[..., None]
        return change


def _notes(missing: int, clean: int, people: int) -> list[str]:
    counts = {"none found": missing, "nothing to restore": clean}
    words = "Faces: {} on {} of {} kept people, who are unchanged."
    return [words.format(what, count, people) for what, count in counts.items() if count]
