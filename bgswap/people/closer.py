"""The second stage of a detector that sees few pixels a side: each candidate from nearby.

The person U-Net is shown each one's window of the photo with the rough mask, draws the mask anew
and says whether anybody is there. What it drew is shown to it once more, in the window that the
new mask asks for: people whose box had ended too early are whole then.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bgswap.people.closeup import Window, cut, put_back, window_of
from bgswap.types import Box, Person

if TYPE_CHECKING:
    from bgswap.networks import PersonUNet

# How often each candidate is looked at.
LOOKS = 2
# So many close-ups at once: memory stays small however many candidates there are.
BATCH = 8
# What share of the smaller of two masks makes them one person's: half of somebody is easily found
# a second time.
PART = 0.7
GREY = 128


class CloserLook:
    """The person U-Net as a function on candidates. Not safe to share between threads.

    Args:
        network: says how large the close-ups are that it is shown.
        device: where it runs, as torch names it.
    """

    def __init__(self, network: "PersonUNet", device: str = "cpu") -> None:
        self._network = network.eval().to(device)
        self._device = device

    def __call__(self, photo: np.ndarray, candidates: Sequence[Person]) -> list[Person]:
        """The candidates with new masks, boxes and confidences, each person once, surest first.

        Args:
            photo: (H, W, 3) uint8 RGB.
            candidates: as found in the whole photo, with some doubt allowed.

        Returns:
            Those of whom a mask is left; their confidence is whether anybody is there, in [0, 1].
        """
        people = list(candidates)
        for _ in range(LOOKS):
            people = [p for p in self._look(photo, people) if p is not None]
        return each_once(people)

    def _look(self, photo: np.ndarray, people: list[Person]) -> list[Person | None]:
        others = [_union([p.mask for p in people if p is not person], person) for person in people]
        windows = [window_of(person.box) for person in people]
        masks, scores = self._answers(photo, people, others, windows)
        size = photo.shape[:2]
        return [
            _redrawn(person, put_back(mask, window, size), float(score))
            for person, mask, window, score in zip(people, masks, windows, scores, strict=True)
        ]

    def _answers(
        self,
        photo: np.ndarray,
        people: list[Person],
        others: list[np.ndarray],
        windows: list[Window],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Masks (N, h, w) and scores (N,): the means for each close-up and its mirror image."""
        import torch

        from bgswap.tensors import closeups_to_tensor

        size = self._network.height, self._network.width
        masks, scores = [], []
        for start in range(0, len(people), BATCH):
            part = slice(start, start + BATCH)
            layers = (
                [cut(layer, w, size, fill) for layer, w in zip(of, windows[part], strict=True)]
                for of, fill in (
                    ([photo] * len(windows[part]), GREY),
                    ([p.mask for p in people[part]], 0),
                    (others[part], 0),
                )
            )
            crops = closeups_to_tensor(*layers).to(self._device)
            with torch.inference_mode():
                drawn, sure = self._network(torch.cat([crops, crops.flip(-1)]))
                straight, mirrored = torch.sigmoid(drawn[:, 0]).chunk(2)
                masks.append((straight + mirrored.flip(-1)) / 2)
                scores.append(torch.sigmoid(sure).view(2, -1).mean(0))
        if not masks:
            return np.zeros((0, *size), np.float32), np.zeros(0, np.float32)
        return torch.cat(masks).cpu().numpy(), torch.cat(scores).cpu().numpy()


def each_once(people: Sequence[Person]) -> list[Person]:
    """Surest first; of two that show one person, or one a part of the other, the larger."""
    kept: list[Person] = []
    for person in sorted(people, key=lambda p: -p.confidence):
        same = next((i for i, other in enumerate(kept) if _same(person, other)), None)
        if same is None:
            kept.append(person)
        elif person.area > kept[same].area:
            kept[same] = replace(person, confidence=kept[same].confidence)
    return kept


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / (both - width * height)


def _same(a: Person, b: Person) -> bool:
    if overlap(a.box, b.box) == 0:
        return False
    one, other = a.mask > 0.5, b.mask > 0.5
    smaller = min(np.count_nonzero(one), np.count_nonzero(other))
    return np.count_nonzero(one & other) >= PART * max(smaller, 1)


def _union(masks: list[np.ndarray], person: Person) -> np.ndarray:
    return np.maximum.reduce(masks) if masks else np.zeros_like(person.mask)


def _redrawn(person: Person, mask: np.ndarray, confidence: float) -> Person | None:
    """The person with a new mask and its box; None where no mask is left."""
    body = mask > 0.5
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    if not rows.size:
        return None
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    return replace(person, box=tuple(map(float, box)), confidence=confidence, mask=mask)
