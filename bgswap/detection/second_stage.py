"""The second stage of the starter's detector: a network refines and scores each candidate.

From a candidate's crop and rough mask the person U-Net predicts the mask and whether the crop shows
a person; a second pass gets the predicted mask, in the window around it. The final mask is the
weighted mean of the rough mask and both predictions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bgswap.mask_ops import Window, paste_window, person_crop
from bgswap.types import Box, Person, box_of

if TYPE_CHECKING:
    from bgswap.networks import PersonUNet


@dataclass(frozen=True)
class SecondStageConfig:
    """How the second stage is run, as its network was trained."""

    # Margin on each side of a box, as a share of that side and of the other one.
    along: float = 0.15
    across: float = 0.07
    # Crops in a batch: bounds the memory for any number of candidates.
    batch: int = 8
    # Weight of the rough mask, relative to 1 for each prediction; chosen on the validation photos
    # that are reserved for choosing thresholds.
    rough_weight: float = 1.5
    # Factor by which the mean's contrast around one half is increased: people are opaque.
    contrast: float = 5.0


class SecondStage:
    """The person U-Net as a function on candidates. Not safe to share between threads.

    Args:
        network: its ``height`` and ``width`` are the size of its input.
        device: the torch device it runs on.
        config: see :class:`SecondStageConfig`.
    """

    def __init__(
        self, network: "PersonUNet", device: str = "cpu", config: SecondStageConfig | None = None
    ) -> None:
        import torch

        self._network = network.eval().to(device).to(memory_format=torch.channels_last)
        self._device, self.config = device, config or SecondStageConfig()

    def __call__(self, photo: np.ndarray, candidates: Sequence[Person]) -> list[Person]:
        """The candidates with new masks, boxes and confidences.

        Args:
            photo: (H, W, 3) uint8 RGB.
            candidates: as found by the first stage, with some doubt allowed.

        Returns:
            Those whose mask is not empty. Their confidence, in [0, 1], is the geometric mean of the
            first stage's and of both answers.
        """
        once = self._look(photo, candidates)
        twice = self._look(photo, [person for person in once if person is not None])
        answers = iter(twice)
        found = []
        for rough, first in zip(candidates, once, strict=True):
            second = next(answers) if first is not None else None
            if first is not None and second is not None:
                found.append(self._together(rough, first, second))
        return [person for person in found if person is not None]

    def _look(self, photo: np.ndarray, people: Sequence[Person]) -> list[Person | None]:
        """Each of the people as the network draws and judges them; None where no mask is left."""
        windows = [candidate_window(person.box, self.config) for person in people]
        size, config = (self._network.height, self._network.width), self.config
        drawn: list[Person | None] = []
        for start in range(0, len(people), config.batch):
            part = range(start, min(start + config.batch, len(people)))
            layers = [person_crop(photo, people, i, windows[i], size) for i in part]
            masks, scores = self._answers(layers)
            for i, mask, score in zip(part, masks, scores, strict=True):
                whole = paste_window(mask, windows[i], photo.shape[:2])
                drawn.append(_redrawn(people[i], whole, float(score)))
        return drawn

    def _answers(
        self, crops: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Masks (N, h, w) and scores (N,): the means for each crop and its mirror image."""
        import torch

        from bgswap.io.tensors import crops_to_tensor
        from bgswap.networks.inference import inference

        batch = crops_to_tensor(*zip(*crops, strict=True)).to(self._device)
        with inference(self._device):
            logits, scores = self._network(torch.cat([batch, batch.flip(-1)]))
            masks, sure = (a.float().sigmoid().cpu() for a in (logits[:, 0], scores))
            straight, mirrored = masks.chunk(2)
            mean = (straight + mirrored.flip(-1)) / 2
            return mean.numpy(), sure.view(2, -1).mean(0).numpy()

    def _together(self, rough: Person, first: Person, second: Person) -> Person | None:
        """What both stages say of one person."""
        # Rough masks end with their box, mostly at the ankles: what is below they do not judge.
        rows = np.arange(rough.size[0])[:, None] < rough.box[3]
        old = rough.mask
        weight = np.maximum(old > 0.5, rows) * np.float32(self.config.rough_weight)
        mask = (old * weight + first.mask + second.mask) / (weight + 2)
        solid = np.clip((mask - 0.5) * self.config.contrast + 0.5, 0, 1)
        sure = rough.confidence * first.confidence * second.confidence
        return _redrawn(rough, solid.astype(np.float32), sure ** (1 / 3))


def candidate_window(box: Box, config: SecondStageConfig, grown: float = 1.0) -> Window:
    """The window that the second stage is shown of a box.

    Args:
        box: x0, y0, x1, y1 in pixels.
        config: says how much is shown around it.
        grown: factor of both sides.
    """
    x0, y0, x1, y1 = box
    wide, tall = x1 - x0, y1 - y0
    along, across = 1 + 2 * config.along, 2 * config.across
    width = max(2, round(grown * (along * wide + across * tall)))
    height = max(2, round(grown * (along * tall + across * wide)))
    return round((x0 + x1 - width) / 2), round((y0 + y1 - height) / 2), width, height


def _redrawn(person: Person, mask: np.ndarray, confidence: float) -> Person | None:
    """The person with a new mask and its box; None where no mask is left."""
    box = box_of(mask)
    return replace(person, box=box, confidence=confidence, mask=mask) if box else None
