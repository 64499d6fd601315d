"""Composition of batches of training pictures of several people on the training device.

A picture starts from a scene or a photo of people; people cut out of photos of one person are
pasted over it in rows, scattered, or close up and cut off by the border, after "Simple Copy-Paste"
(Ghiasi et al., CVPR 2021). Foreground colors are estimated by one pass of blur fusion (Forte, ICIP
2021), so that no fringe of the old background reveals the edge.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from training.synthesis.bank import GROUP, POLYGON, SINGLE, PhotoBank, SceneBank
from training.synthesis.camera import camera, recolored
from training.synthesis.geometry import apart, blurred, filled, foregrounds, sampled, shown
from training.synthesis.layout import Layout, draw_layout, sampling_grid

# People of a picture: one of the photo it starts from, and those pasted.
SLOTS = 6
# Shares of the kinds of pictures a batch starts from.
SCENE, ALONE, PEOPLED = 0.38, 0.42, 0.2
# Probability that the person of a photo stands in front of those pasted into it.
BASE_IN_FRONT = 0.35
# Minimum visible share of a person's area; below, they are not a target.
LEAST_VISIBLE = 0.12
# Width of the region around a street photo's person that counts as known, as a share of the side.
KNOWN_REACH = 0.06


@dataclass(frozen=True)
class Composite:
    """A batch of composed pictures of side S.

    Attributes:
        image: (B, 3, S, S) float32 in [0, 1].
        people: (B, K, S, S) float16 or float32, the visible alpha of each person.
        present: (B, K) bool, which of these are there.
        complete: (B,) bool, every person of the picture is among them.
        everyone: (B, 1, S, S), the alpha of all labeled people.
        known: (B, 1, S, S) float, 1 where ``everyone`` is complete, 0 where people may be missing.
        exact: (B, K) bool, the alpha is exact at edges; else drawn by hand as a polygon.
        inside: (B, 1, S, S) float, 0 beyond the picture's border.
    """

    image: Tensor
    people: Tensor
    present: Tensor
    complete: Tensor
    everyone: Tensor
    known: Tensor
    exact: Tensor
    inside: Tensor


class Composer:
    """Draws composites from banks of photos and scenes.

    Args:
        photos: with masks, as :class:`PhotoBank` says; those of kind BOXES are not used.
        scenes: without people.
        seed: of the random generator.
    """

    def __init__(self, photos: PhotoBank, scenes: SceneBank, seed: int = 0) -> None:
        self.photos, self.scenes = photos, scenes
        self.device = photos.images.device
        self.generator = torch.Generator(self.device).manual_seed(seed)
        single = photos.kinds == SINGLE
        self.standing = torch.nonzero(single & ~photos.portrait)[:, 0]
        self.portraits = torch.nonzero(single & photos.portrait)[:, 0]
        self.portraits = self.portraits if len(self.portraits) else self.standing
        self.pasted = torch.cat([self.standing, self.portraits]).unique()  # sorted
        self.fronts = foregrounds(photos.images, photos.alphas, self.pasted)
        groups = [torch.nonzero(photos.kinds == kind)[:, 0] for kind in (GROUP, POLYGON)]
        # Photos to start from: street and varied ones, portraits, groups, polygons.
        pools = ((self.standing, 0.4), (self.portraits, 0.1), (groups[0], 0.3), (groups[1], 0.2))
        self.pools = [(pool, share) for pool, share in pools if len(pool)]

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Uniform numbers from the composer's generator."""
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.device)

    def draw(self, batch: int, side: int) -> Composite:
        """One batch of pictures of ``side`` by ``side`` pixels."""
        start = self.uniform(batch)
        from_scene = start < SCENE
        alone = (start >= SCENE) & (start < SCENE + ALONE)
        image, people, present, rest, known, exact, inside, complete = self._base(
            batch, side, from_scene
        )
        layout = draw_layout(self, batch, SLOTS - 1, side)
        pasted = layout.present & ~alone[:, None]
        image, people, visible = self._pasted(image, people, layout, pasted, from_scene, side)
        for k in range(SLOTS - 1):
            top = people[:, k + 1 : k + 2]
            rest = rest * (1 - top)
            known = torch.maximum(known, (top > 0.5).to(known.dtype))
        seen = people.float().flatten(2).mean(2)
        present = torch.cat([present[:, None], pasted], 1) & (seen > 2e-4)
        people = people * present[:, :, None, None]
        everyone = (people.sum(1, keepdim=True) + rest).clamp(0, 1)
        no_rest = rest.flatten(1).mean(1) < 1e-3
        image = camera(image, self.generator) * inside + (1 - inside) * 128 / 255
        return Composite(
            image,
            people,
            present & visible,
            no_rest & complete,
            everyone,
            known,
            torch.cat([exact[:, None], torch.ones_like(pasted)], 1),
            inside,
        )

    def _base(self, batch: int, side: int, from_scene: Tensor) -> tuple[Tensor, ...]:
        """The picture that each composite starts from, and its ground truth."""
        chosen = self._photos(batch)
        image, alpha, inside, boxes = self._photo(chosen, side)
        kinds, portrait = self.photos.kinds[chosen], self.photos.portrait[chosen]
        own, rest, known = self._truth(chosen, kinds, portrait, alpha, boxes)
        scene = self._scene(batch, side)
        pick = from_scene[:, None, None, None]
        image = torch.where(pick, scene, image)
        zeros, ones = torch.zeros_like(alpha), torch.ones_like(alpha)
        own, rest = torch.where(pick, zeros, own), torch.where(pick, zeros, rest)
        known, inside = torch.where(pick, ones, known), torch.where(pick, ones, inside)
        people = own.new_zeros(batch, SLOTS, side, side)
        people[:, :1] = own
        present = (own > 0.5).flatten(1).any(1)
        exact = (kinds != POLYGON) | from_scene
        complete = from_scene | (kinds == SINGLE)
        return image, people, present, rest, known, exact, inside, complete

    def _photos(self, batch: int) -> Tensor:
        """Indices of photos to start from, by the pools' shares."""
        shares = torch.tensor([share for _, share in self.pools], device=self.device)
        which = torch.multinomial(shares, batch, replacement=True, generator=self.generator)
        picks = torch.stack([pool[self._index(len(pool), batch)] for pool, _ in self.pools])
        return picks[which, torch.arange(batch, device=self.device)]

    def _index(self, length: int, count: int) -> Tensor:
        return (self.uniform(count) * length).long().clamp(max=length - 1)

    def _photo(self, chosen: Tensor, side: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Photos shifted, zoomed and mirrored: pictures, alphas, inside masks, boxes in pixels."""
        size = self.photos.sizes[chosen].flip(1).float()  # width, height
        batch = len(chosen)
        fit = side / size.amax(1)
        zoom = fit * torch.exp(self.uniform(batch, low=-0.2, high=0.55))
        flip = torch.where(self.uniform(batch) < 0.5, -1.0, 1.0)
        spare = (side - zoom[:, None] * size) / 2
        shift = spare.abs() * self.uniform(batch, 2, low=-1, high=1)
        centre = side / 2 + shift
        angle = torch.where(self.uniform(batch) < 0.25, self.uniform(batch, low=-0.2, high=0.2), 0)
        grid = sampling_grid(centre, size / 2, 1 / zoom, angle, flip, side, self.photos.side)
        layers = torch.cat([self.photos.images[chosen], self.photos.alphas[chosen][:, None]], 1)
        layers = sampled(layers, grid, zoom)
        inside = shown(grid, size, self.photos.side)
        boxes = self.photos.boxes[chosen].view(batch, -1, 2, 2)
        boxes = (boxes - size[:, None, None] / 2) * zoom[:, None, None, None]
        boxes = boxes * torch.stack([flip, torch.ones_like(flip)], 1)[:, None, None]
        boxes = (boxes + centre[:, None, None]).sort(2)[0].flatten(2)
        return layers[:, :3], layers[:, 3:] * inside, inside, boxes

    def _truth(
        self, chosen: Tensor, kinds: Tensor, portrait: Tensor, alpha: Tensor, boxes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Alpha of one person of each photo, of the others, and where both are known."""
        side = alpha.shape[-1]
        counts = self.photos.counts[chosen]
        listed = torch.arange(boxes.shape[1], device=self.device)[None] < counts[:, None]
        group, polygon = kinds == GROUP, kinds == POLYGON
        free = apart(boxes, listed) & group[:, None]
        pick = (self.uniform(*free.shape) * free).argmax(1)
        box = boxes[torch.arange(len(boxes), device=self.device), pick]
        in_box = filled(box[:, None], side, 0.04)
        own_share = torch.where(group & free.any(1), 1.0, 0.0)[:, None, None, None]
        own = torch.where(group[:, None, None, None], alpha * in_box * own_share, alpha)
        rest = torch.where(group[:, None, None, None], alpha - own, torch.zeros_like(alpha))
        # a polygon's neighbours are labeled with boxes only, bystanders in a street not at all
        any_box = filled(boxes * listed[..., None], side, 0.03).amax(1, keepdim=True)
        body = (alpha > 0.5).to(alpha.dtype)
        near = F.max_pool2d(body, 2 * int(KNOWN_REACH * side / 4) + 1, 4)
        near = F.max_pool2d(near, 3, 1, 1)
        near = F.interpolate(near, size=(side, side), mode="nearest")
        near = torch.maximum(near, body)
        street = ((kinds == SINGLE) & ~portrait)[:, None, None, None]
        known = torch.where(polygon[:, None, None, None], torch.maximum(1 - any_box, body), 1.0)
        return own, rest, torch.where(street, near, known).to(alpha.dtype)

    def _scene(self, batch: int, side: int) -> Tensor:
        """Scenes zoomed, mirrored, sharpened or out of focus, (batch, 3, side, side) in [0, 1]."""
        images = self.scenes.images[self._index(len(self.scenes.images), batch)]
        span = images.shape[-1]
        zoom = side / span * torch.exp(self.uniform(batch, low=0.0, high=0.6))
        spare = (zoom * span - side) / 2
        centre = side / 2 + spare[:, None] * self.uniform(batch, 2, low=-1, high=1)
        flip = torch.where(self.uniform(batch) < 0.5, -1.0, 1.0)
        half = torch.full_like(centre, span / 2)
        angle = torch.zeros(batch, device=self.device)
        image = sampled(images, sampling_grid(centre, half, 1 / zoom, angle, flip, side, span))
        soft = blurred(image, 4)
        amount = self.uniform(batch, 1, 1, 1, low=-1.0, high=2.5)
        return (image + amount * (image - soft)).clamp(0, 1)

    def _pasted(
        self,
        image: Tensor,
        people: Tensor,
        layout: Layout,
        pasted: Tensor,
        from_scene: Tensor,
        side: int,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The pictures with the layout's people pasted, all alphas, and who is visible enough."""
        front = (self.uniform(len(image)) < BASE_IN_FRONT) & ~from_scene
        guard = people[:, :1].clone() * front[:, None, None, None]
        alone = [people[:, :1].float().flatten(1).sum(1)]
        for k in range(SLOTS - 1):
            pools = (self.standing, self.portraits)
            picks = [pool[self._index(len(pool), len(image))] for pool in pools]
            chosen = torch.where(layout.portrait[:, k], picks[1], picks[0])
            color, alpha = self._cut_out(chosen, layout, k, side)
            alpha = alpha * pasted[:, k, None, None, None]
            alone.append(alpha.float().flatten(1).sum(1))
            alpha = alpha * (1 - guard)
            color = recolored(color, alpha, image, self.generator)
            image = image + alpha * (color - image)
            people[:, : k + 1] *= 1 - alpha
            people[:, k + 1 : k + 2] = alpha
        left = people.float().flatten(2).sum(2)
        return image, people, left > LEAST_VISIBLE * torch.stack(alone, 1)

    def _cut_out(self, chosen: Tensor, layout: Layout, k: int, side: int) -> tuple[Tensor, Tensor]:
        """Foreground colors and alphas of people, placed by slot ``k`` of the layout."""
        box = self.photos.boxes[chosen, 0]
        half, size = (box[:, :2] + box[:, 2:]) / 2, (box[:, 2:] - box[:, :2]).clamp(min=8)
        scale = layout.tall[:, k] / size[:, 1]
        centre = torch.stack([layout.x[:, k], layout.ground[:, k] - layout.tall[:, k] / 2], 1)
        step = (1 / scale).clamp(max=1e3)
        grid = sampling_grid(
            centre, half, step, layout.angle[:, k], layout.flip[:, k], side, self.photos.side
        )
        colors = self.fronts[torch.searchsorted(self.pasted, chosen)]
        layers = sampled(torch.cat([colors, self.photos.alphas[chosen][:, None]], 1), grid, scale)
        return layers[:, :3], layers[:, 3:] * shown(
            grid, self.photos.sizes[chosen].flip(1).float(), self.photos.side
        )
