"""The second stage, with a network that is a few lines: what is bright is the person."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bgswap.people import closer
from bgswap.people.closer import CloserLook
from bgswap.types import Person


class Bright(nn.Module):
    """Draws what is bright and is nobody else's; sure where there is any."""

    height, width = 96, 64

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        body = (crops[:, :1] > 0.5) & (crops[:, 4:] < 0.5)
        return body.float() * 20 - 10, body.flatten(1).any(1).float() * 8 - 4


def person_of(mask: np.ndarray, confidence: float = 0.3, number: int = 1) -> Person:
    rows, columns = np.nonzero(mask > 0.5)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return Person(number, tuple(map(float, box)), confidence, mask.astype(np.float32))


def rough(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((120, 160), np.float32)
    mask[rows, columns] = 1
    return mask


@pytest.fixture
def look() -> CloserLook:
    return CloserLook(Bright())


@pytest.fixture
def photo() -> np.ndarray:
    """A bright figure with darker ground on its left half than on its right."""
    photo = np.zeros((120, 160, 3), np.uint8)
    photo[20:100, 60:90] = 255
    photo[:, 120:] = 90
    return photo


def test_who_is_there_is_drawn_anew_beyond_a_box_that_ended_too_early(look, photo) -> None:
    candidate = person_of(rough(slice(20, 92), slice(64, 90)), number=4)
    (person,) = look(photo, [candidate])
    true = photo[:, :, 0] > 127
    # both answers outvote the rough mask beside it, and below its box they alone count
    # but for the outline: the close-up's pixels are not the photo's
    assert ((person.mask > 0.5) & true).sum() > 0.92 * ((person.mask > 0.5) | true).sum()
    assert person.box == pytest.approx((60, 20, 90, 100), abs=1)
    sure = torch.sigmoid(torch.tensor(4.0)).item()
    assert person.confidence == pytest.approx((0.3 * sure * sure) ** (1 / 3))
    assert person.number == 4 and person.mask.dtype == np.float32


def test_both_answers_outvote_the_rough_mask_where_both_are_in_doubt() -> None:
    candidate = person_of(rough(slice(20, 100), slice(60, 90)))
    doubted = candidate.mask * np.float32(0.3)
    doubted[:, :75] = candidate.mask[:, :75]
    # (0.5 + 0.3 + 0.3) / 2.5 is below one half, (1 + 0.3 + 0.3) / 3 would be above
    answer = replace(candidate, mask=doubted)
    together = closer._together(candidate, answer, answer, None)
    assert (together.mask[:, 75:] < 0.5).all()
    assert (together.mask[20:100, 60:75] == 1).all()


def test_what_the_rough_mask_took_along_goes_though_the_answers_leave_bits_of_it() -> None:
    figure, thing = rough(slice(20, 100), slice(60, 90)), rough(slice(40, 80), slice(90, 115))
    bits = rough(slice(50, 56), slice(90, 96))
    candidate = person_of(np.maximum(figure, thing))
    answer = replace(candidate, mask=np.maximum(figure, bits))
    together = closer._together(candidate, answer, answer, replace(candidate, mask=figure))
    assert not together.mask[thing > 0].any() and (together.mask[figure > 0] == 1).all()


class Trusting(Bright):
    """Draws what is bright, and what is fairly bright in the rough mask."""

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        rough = crops[:, 3:4] > 0.5
        drawn, sure = super().forward(crops)
        return torch.where(rough & (crops[:, :1] > 0.3), torch.full_like(drawn, 10), drawn), sure


def test_a_large_thing_that_is_believed_only_because_it_was_drawn_goes(photo) -> None:
    photo[40:80, 90:115] = 100  # beside the figure
    figure, thing = rough(slice(20, 100), slice(60, 90)), rough(slice(40, 80), slice(90, 115))
    candidate = person_of(np.maximum(figure, thing))
    look = CloserLook(Trusting())
    (person,) = look(photo, [candidate])
    assert person.mask[thing > 0].max() == 0
    assert person.mask[figure > 0].mean() > 0.92
    assert person.box[2] == pytest.approx(90, abs=2)


def test_on_the_look_from_cores_the_others_are_whole(photo) -> None:
    seen = []

    class Watched(Bright):
        def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
            seen.append(crops[:2, 3:].sum(dim=(2, 3)))
            return super().forward(crops)

    one, other = (rough(slice(20, 100), slice(*s)) for s in ((50, 70), (72, 92)))
    CloserLook(Watched())(photo, [person_of(one, number=1), person_of(other, number=2)])
    first, _, anew = seen
    assert (anew[:, 0] < 0.8 * first[:, 0]).all()
    torch.testing.assert_close(anew[:, 1], first[:, 1])


def test_where_nobody_is_no_mask_is_left(look, photo) -> None:
    assert look(photo, [person_of(rough(slice(30, 80), slice(5, 30)))]) == []
    assert look(photo, []) == []


def test_others_are_shown_to_the_network(look, photo) -> None:
    left = person_of(rough(slice(20, 100), slice(60, 75)), number=1)
    right = person_of(rough(slice(20, 100), slice(75, 90)), number=2)
    found = look(photo, [left, right])
    assert len(found) == 2
    both = np.minimum(found[0].mask, found[1].mask) > 0.5
    assert both.sum() < 0.1 * (found[0].mask > 0.5).sum()


def test_many_candidates_are_taken_in_parts(look, photo) -> None:
    few = [person_of(rough(slice(20, 70 + n), slice(60, 90)), number=n) for n in range(11)]
    # each one is hidden by the others' masks but for what those leave over
    assert len(look(photo, few[:1])) == 1
    assert len(look(photo, few)) <= len(few)
