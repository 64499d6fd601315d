"""The detector's second stage as a function on candidates, untrained where that does not matter."""

import numpy as np
import torch

from bgswap.detection.second_stage import SecondStage
from bgswap.networks import PersonUNet
from bgswap.types import Person


class Drawn(PersonUNet):
    """Draws the same for every crop: somebody in the middle, or nobody."""

    def __init__(self, logit: float, score: float) -> None:
        super().__init__(64, 32, (4,) * 5, (1,) * 5)
        self.logit, self.score_logit = logit, score

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        masks = torch.full((len(crops), 1, *crops.shape[2:]), -9.0)
        masks[:, :, 16:48, 8:24] = self.logit
        return masks, torch.full((len(crops),), self.score_logit)


def candidate() -> Person:
    mask = np.zeros((100, 80), np.float32)
    mask[20:80, 20:50] = 1
    return Person(1, (20, 20, 50, 80), 0.8, mask)


PHOTO = np.zeros((100, 80, 3), np.uint8)


def test_confidence_is_the_geometric_mean_of_all_passes() -> None:
    (person,) = SecondStage(Drawn(9.0, 0.0))(PHOTO, [candidate()])
    assert abs(person.confidence - (0.8 * 0.5 * 0.5) ** (1 / 3)) < 1e-4
    assert person.number == 1 and person.size == (100, 80)


def test_a_candidate_with_an_empty_mask_is_dropped() -> None:
    assert SecondStage(Drawn(-9.0, 3.0))(PHOTO, [candidate()]) == []
    assert SecondStage(Drawn(9.0, 3.0))(PHOTO, []) == []


def test_the_mask_is_what_both_passes_and_the_rough_mask_agree_on() -> None:
    (person,) = SecondStage(Drawn(9.0, 3.0))(PHOTO, [candidate()])
    x0, y0, x1, y1 = person.box
    assert 20 <= x0 < x1 <= 52 and 20 <= y0 < y1 <= 82
    assert person.mask[50, 35] == 1 and person.mask[5, 5] == 0


def test_every_candidate_is_refined_however_many_there_are() -> None:
    people = SecondStage(Drawn(9.0, 3.0))(PHOTO, [candidate()] * 11)
    assert len(people) == 11


class LeftHalf(Drawn):
    """Draws what is bright in the crop's left half, and in a mirrored crop the same of it."""

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        bright = crops[:, :1] > crops[:, :1].mean()
        return torch.where(bright, 9.0, -9.0), torch.full((len(crops),), 3.0)


def test_the_mirrored_answer_is_turned_back() -> None:
    photo = PHOTO.copy()
    photo[20:80, 20:35] = 250
    (person,) = SecondStage(LeftHalf(0.0, 0.0))(photo, [candidate()])
    assert person.mask[50, 22:33].min() == 1
    assert person.mask[50, 38:48].max() < 0.5
