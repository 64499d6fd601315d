"""Training crops of the matting network from composed pictures, in batches.

Most crops show one person with their rough mask and all others' masks; some are negatives, windows
without a person and with a random rough mask; some have the alpha of all people in a window as the
target.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from training.synthesis.composer import Composer, Composite
from training.synthesis.damage import Damage

# Side of the composed pictures in pixels.
SIDE = 512
# Shares of crops with all people as the target, and of negatives.
EVERYBODY, NOBODY = 0.2, 0.12
# Standard deviation of the box's error and the margin around it, as shares of its sides.
BOX_ERROR, MARGIN = 0.07, 0.12
# Probability of an empty mask of the others.
OTHERS_EMPTY = 0.2
# Probability that a rough mask includes an attached object of one color; probability that the rough
# mask of a negative is such an object, else it is another crop's rough mask.
THING, SHAPED = 0.3, 0.6
# Width of the band along a polygon's outline with a low weight, as a share of a crop's height.
POLYGON_BAND = 0.02


@dataclass(frozen=True)
class Crops:
    """A batch of training crops.

    Attributes:
        inputs: (B, 5, H, W) float32, as :class:`bgswap.networks.MattingUNet` takes them.
        alpha: (B, 1, H, W) float32, ground truth.
        weight: (B, 1, H, W) float32, weight of each pixel in the loss.
        somebody: (B,) float32, 1 where the crop shows a target person.
        clear: (B,) float32, 1 where ``somebody`` is known.
    """

    inputs: Tensor
    alpha: Tensor
    weight: Tensor
    somebody: Tensor
    clear: Tensor


def draw_crops(
    composer: Composer, damage: Damage, pictures: int, each: int, size: tuple[int, int]
) -> Crops:
    """Compose ``pictures`` and cut ``each`` crops of ``size`` (H, W) from every one of them.

    H and W are multiples of 32; the batch is ``pictures * each`` crops.
    """
    picture = composer.draw(pictures, SIDE)
    rows = torch.arange(pictures, device=composer.device).repeat(each)
    person, target = _chosen(composer, picture, rows)
    everyone, known = picture.everyone[rows], picture.known[rows]
    nobody, everybody = _kinds(composer, picture.present[rows])
    box = _box(composer, target, nobody, everybody)
    grid = _grid(composer, box, size)
    none, all_of_them = nobody[:, None, None, None], everybody[:, None, None, None]
    kept = torch.where(all_of_them, everyone, target)
    rest = (everyone - target).clamp(0, 1)
    inside = picture.inside[rows]
    layers = torch.cat([picture.image[rows], kept, rest, known, everyone, inside], 1)
    cut = F.grid_sample(layers.float(), grid, padding_mode="zeros", align_corners=False)
    image, alpha, others, known, anybody, inside = cut.split([3, 1, 1, 1, 1, 1], 1)
    inside = (inside > 0.5).float()
    image = (image * 2 - 1) * inside
    outside = 0.02 + F.max_pool2d(alpha, 33, 4, 16)
    outside = F.interpolate(outside, size=size) * (alpha < 0.1) * inside
    thing = damage.region(image, outside)
    joins = composer.uniform(len(box), 1, 1, 1) < THING
    rough = damage(
        torch.where(joins, torch.maximum(alpha, thing), alpha), others, _in_crop(box, grid)
    )
    whole = box.new_tensor([0.0, 0.0, 1.0, 1.0]).expand(len(box), 4)
    given = (composer.uniform(len(box), 1, 1, 1) >= OTHERS_EMPTY) & ~all_of_them
    others = damage(others, alpha, whole) * given
    fake = torch.where(composer.uniform(len(box), 1, 1, 1) < SHAPED, thing, rough.roll(1, 0))
    rough = torch.where(none, fake, torch.where(all_of_them, 0.5, rough))
    alpha = torch.where(none, 0.0, alpha)
    exact = picture.exact[rows, person][:, None, None, None] | all_of_them
    weight = inside * _weight(alpha, known, exact, none | all_of_them)
    sure = (anybody.mean((1, 2, 3)) < 0.01) & (known.mean((1, 2, 3)) > 0.95)
    clear = torch.where(nobody, sure, alpha.mean((1, 2, 3)) > 0.01) & ~everybody
    inputs = torch.cat([image, rough, others], 1)
    return Crops(inputs, alpha, weight, (~nobody).float(), clear.float())


def _chosen(composer: Composer, picture: Composite, rows: Tensor) -> tuple[Tensor, Tensor]:
    """A random person for each crop, from the picture in ``rows``, and their alpha."""
    odds = composer.uniform(len(rows), picture.present.shape[1]) * picture.present[rows]
    person = odds.argmax(1)
    return person, picture.people[rows, person][:, None]


def _kinds(composer: Composer, present: Tensor) -> tuple[Tensor, Tensor]:
    """Which crops are negatives, and which have all people as the target."""
    chance = composer.uniform(len(present))
    there = present.any(1)
    everybody = (chance < EVERYBODY) | (~there & (chance < 0.6))
    return ~everybody & ((chance > 1 - NOBODY) | ~there), everybody


def _box(composer: Composer, target: Tensor, nobody: Tensor, everybody: Tensor) -> Tensor:
    """Boxes (B, 4) in pixels with a detector's errors; random windows for the other kinds."""
    batch, side = len(target), target.shape[-1]
    line = torch.arange(side, device=target.device) + 0.5

    def extent(profile: Tensor) -> tuple[Tensor, Tensor]:
        seen = profile > 0.5
        first = torch.where(seen, line, float(side)).amin(1)
        return first, torch.where(seen, line, 0.0).amax(1)

    x0, x1 = extent(target[:, 0].amax(1))
    y0, y1 = extent(target[:, 0].amax(2))
    box = torch.stack([x0, y0, x1, y1], 1)
    sides = (box[:, 2:] - box[:, :2]).clamp(min=4).repeat(1, 2)
    error = torch.randn(batch, 4, generator=composer.generator, device=target.device)
    inward = composer.uniform(batch, 1) ** 2 * composer.uniform(batch, 4) * 0.12
    signs = box.new_tensor([1.0, 1.0, -1.0, -1.0])
    box = box + sides * (BOX_ERROR * 0.5 * error + inward * signs)
    centre, half = composer.uniform(batch, 2) * side, composer.uniform(batch, 2, low=0.06, high=0.3)
    window = torch.cat([centre - half * side, centre + half * side], 1)
    reach = composer.uniform(batch, 1, low=0.35, high=0.5) * side
    middle = side / 2 + (side / 2 - reach) * composer.uniform(batch, 2, low=-1, high=1)
    wide = torch.cat([middle - reach, middle + reach], 1)
    box = torch.where(nobody[:, None], window, box)
    return torch.where(everybody[:, None], wide, box)


def _grid(composer: Composer, box: Tensor, size: tuple[int, int]) -> Tensor:
    """Sampling grids (B, H, W, 2) into the pictures, for boxes with a margin."""
    batch = len(box)
    centre, sides = (box[:, :2] + box[:, 2:]) / 2, (box[:, 2:] - box[:, :2]).clamp(min=8)
    margin = 1 + 2 * MARGIN * composer.uniform(batch, 1, low=0.5, high=1.6)
    wanted = sides * margin
    unit = (wanted / wanted.new_tensor([size[1], size[0]])).amax(1)
    span = unit[:, None] * unit.new_tensor([size[1], size[0]])
    centre = centre + span * 0.03 * torch.randn(
        batch, 2, generator=composer.generator, device=box.device
    )
    rows = (torch.arange(size[0], device=box.device) + 0.5) / size[0] - 0.5
    columns = (torch.arange(size[1], device=box.device) + 0.5) / size[1] - 0.5
    x = centre[:, 0, None, None] + span[:, 0, None, None] * columns[None, None]
    y = centre[:, 1, None, None] + span[:, 1, None, None] * rows[None, :, None]
    x, y = x.expand(batch, *size), y.expand(batch, *size)
    return torch.stack([x, y], -1) * (2 / SIDE) - 1


def _in_crop(box: Tensor, grid: Tensor) -> Tensor:
    """The boxes, in pixels of the picture, as shares of the crops that a grid shows."""
    first, last = (grid[:, 0, 0] + 1) * SIDE / 2, (grid[:, -1, -1] + 1) * SIDE / 2
    span = (last - first).repeat(1, 2)
    return (box - first.repeat(1, 2)) / span


def _weight(alpha: Tensor, known: Tensor, exact: Tensor, others_matter: Tensor) -> Tensor:
    """Weights of pixels in the loss: 0 where unknown, low along a polygon's inexact outline.

    With one person as the target all other pixels are known to be background, even unlabeled
    bystanders; with all people or nobody as the target, unlabeled people matter.
    """
    reach = max(int(POLYGON_BAND * alpha.shape[-2]), 1)
    wide = F.max_pool2d(alpha, 2 * reach + 1, 1, reach)
    narrow = -F.max_pool2d(-alpha, 2 * reach + 1, 1, reach)
    band = (wide - narrow > 0.5) & ~exact
    weight = torch.where(others_matter, (known > 0.99).float(), torch.ones_like(known))
    return torch.where(band, 0.1 * weight, weight)
