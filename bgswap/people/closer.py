"""The second stage of a detector that sees few pixels a side: another network looks, from nearby.

The person U-Net is shown each candidate's window of the photo with the rough mask, draws the mask
anew and says whether anybody is there. What it drew is shown to it once more, in the window that
the new mask asks for: people whose box had ended too early are whole then. The mean of the rough
mask and both answers counts, the rough one half: the two networks err in different places. That,
and how confidences go together, was chosen on held-out pictures. A third look, from the core of
the rough mask alone, takes large things out that the other two took over from it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bgswap.people.closeup import Window, cut, put_back, window_of
from bgswap.people.taken_along import core, without_denied
from bgswap.types import Person

if TYPE_CHECKING:
    from bgswap.networks import PersonUNet

# So many close-ups at once: memory stays small however many candidates there are.
BATCH = 8
GREY = 128
# The weight of the rough mask, next to 1 for each answer.
ROUGH_WEIGHT = np.float32(0.5)
# What all agree on is stretched by this about one half: a person is solid.
CONTRAST = 5.0


class CloserLook:
    """The person U-Net as a function on candidates. Not safe to share between threads.

    Args:
        network: says how large the close-ups are that it is shown.
        device: where it runs, as torch names it.
    """

    def __init__(self, network: "PersonUNet", device: str = "cpu") -> None:
        import torch

        self._network = network.eval().to(device, memory_format=torch.channels_last)
        self._device = device

    def __call__(self, photo: np.ndarray, candidates: Sequence[Person]) -> list[Person]:
        """The candidates with new masks, boxes and confidences.

        Args:
            photo: (H, W, 3) uint8 RGB.
            candidates: as found by the first stage, with some doubt allowed.

        Returns:
            Those of whom a mask is left. Their confidence, in [0, 1], is the geometric mean of the
            first stage's and both answers': who is there for one network alone is hardly there.
        """
        once = self._look(photo, candidates)
        twice = self._look(photo, once)
        cores = [replace(p, mask=core(p.mask)) for p in candidates]
        anew = self._look(photo, cores, candidates)
        rough, first, cored = ({p.number: p for p in people} for people in (candidates, once, anew))
        together = (
            _together(rough[p.number], first[p.number], p, cored.get(p.number)) for p in twice
        )
        return [person for person in together if person is not None]

    def _look(
        self, photo: np.ndarray, people: Sequence[Person], around: Sequence[Person] | None = None
    ) -> list[Person]:
        """Those of the people of whom the network leaves a mask, as it draws and judges them.

        ``around`` is who the others are for each of them, by number; the people themselves if None.
        """
        around = people if around is None else around
        others = [
            _union([p.mask for p in around if p.number != person.number], person)
            for person in people
        ]
        windows = [window_of(person.box) for person in people]
        masks, scores = self._answers(photo, people, others, windows)
        size = photo.shape[:2]
        drawn = (
            _redrawn(person, put_back(mask, window, size), float(score))
            for person, mask, window, score in zip(people, masks, windows, scores, strict=True)
        )
        return [person for person in drawn if person is not None]

    def _answers(
        self,
        photo: np.ndarray,
        people: Sequence[Person],
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


def _together(rough: Person, first: Person, second: Person, anew: Person | None) -> Person | None:
    """What both stages say of one person, ``anew`` being the look from the rough mask's core."""
    # Rough masks end with their box, mostly at the ankles: what is below they do not judge.
    judged = np.maximum(rough.mask > 0.5, np.arange(len(rough.mask))[:, None] < rough.box[3])
    weight = judged * ROUGH_WEIGHT
    mask = (rough.mask * weight + first.mask + second.mask) / (weight + 2)
    solid = np.clip((mask - 0.5) * CONTRAST + 0.5, 0, 1)
    if anew is not None:
        solid = without_denied(solid, rough.mask, anew.mask)
    sure = rough.confidence * first.confidence * second.confidence
    return _redrawn(rough, solid, sure ** (1 / 3))


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
