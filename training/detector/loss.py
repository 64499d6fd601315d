"""YOLOv8's segmentation loss for partial labels: people without masks, unlabeled regions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from ultralytics.utils.loss import v8SegmentationLoss
from ultralytics.utils.tal import make_anchors

from training.detector.targets import Targets

# Random positive cells with a known mask, for each picture, that contribute to the mask loss.
MASK_SAMPLES = 20


class DetectorLoss(v8SegmentationLoss):
    """Box, class, distribution and mask losses of :class:`Targets`, without loops over pictures.

    As ultralytics' own, with weights in the class loss and support for unknown masks.

    Args:
        model: an ultralytics ``SegmentationModel`` with its ``args``.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model)
        gains = self.hyp.box, self.hyp.cls, self.hyp.dfl, self.hyp.box
        self.gains = torch.tensor(gains, device=self.device)

    def forward_targets(self, outputs: dict, targets: Targets) -> tuple[Tensor, Tensor]:
        """The loss of a batch, and box, class, distribution and mask losses (4,), detached.

        Args:
            outputs: of the model in training.
            targets: of the same pictures.
        """
        distances, scores, coefficients = (
            outputs[name].permute(0, 2, 1).float()
            for name in ("boxes", "scores", "mask_coefficient")
        )
        levels = [level[:1, :1].float() for level in outputs["feats"]]
        points, strides = make_anchors(levels, self.stride, 0.5)
        decoded = self.bbox_decode(points, distances)
        labels = torch.zeros_like(targets.boxes[..., :1])
        _, boxes, wanted, found, index = self.assigner(
            scores.detach().sigmoid(),
            decoded.detach() * strides,
            points * strides,
            labels,
            targets.boxes,
            targets.present[..., None].float(),
        )
        share = wanted.sum().clamp(min=1)
        weight = torch.maximum(_at_cells(targets.weight, outputs["feats"]), found.float())
        kind = (self.bce(scores, wanted) * weight[..., None]).sum() / share
        side = torch.tensor(targets.image.shape[2:], device=scores.device, dtype=torch.float32)
        box, spread = self.bbox_loss(
            distances, decoded, points, boxes / strides, wanted, share, found, side, strides
        )
        mask = _mask_loss(targets, boxes, found, index.long(), coefficients, outputs["proto"])
        parts = torch.stack([box, kind, spread, mask]) * self.gains
        return parts.sum() * len(scores), parts.detach()


def _at_cells(weight: Tensor, features: list[Tensor]) -> Tensor:
    """Weights (B, 1, S/8, S/8) at the cells of all levels, (B, cells)."""
    levels = [F.adaptive_avg_pool2d(weight, level.shape[2:]).flatten(1) for level in features]
    return torch.cat(levels, 1)


def _mask_loss(
    targets: Targets,
    boxes: Tensor,
    found: Tensor,
    index: Tensor,
    coefficients: Tensor,
    prototypes: Tensor,
) -> Tensor:
    """Mean over cells of the binary cross entropy inside the person's box, over the box's area.

    Args:
        targets: the ground truth.
        boxes: (B, cells, 4) of the person assigned to each cell, in pixels.
        found: (B, cells) bool, the positive cells.
        index: (B, cells), the index of the assigned person.
        coefficients: (B, cells, 32).
        prototypes: (B, 32, S/4, S/4).
    """
    usable = found & targets.masked.gather(1, index)
    chance = torch.rand(usable.shape, device=usable.device) * usable
    chosen = chance.topk(min(MASK_SAMPLES, usable.shape[1]), 1).indices
    usable = usable.gather(1, chosen).float()
    picked = coefficients.gather(1, chosen[..., None].expand(-1, -1, coefficients.shape[2]))
    logits = torch.einsum("bkc,bchw->bkhw", picked, prototypes.float())
    height, width = logits.shape[2:]
    person = index.gather(1, chosen)
    channel = targets.channel.gather(1, person)
    truth = targets.masks[torch.arange(len(channel), device=channel.device)[:, None], channel]
    corners = boxes.gather(1, chosen[..., None].expand(-1, -1, 4)) * (height * 1.0)
    corners = corners / targets.image.shape[-1]
    error = F.binary_cross_entropy_with_logits(logits, truth.float(), reduction="none")
    error = error * _inside(corners, height, width)
    area = (corners[..., 2:] - corners[..., :2]).prod(-1).clamp(min=1.0)
    return (error.sum((2, 3)) / area * usable).sum() / usable.sum().clamp(min=1)


def _inside(boxes: Tensor, height: int, width: int) -> Tensor:
    """(B, K, height, width) float, 1 inside boxes (B, K, 4) in cells of that grid."""
    across = torch.arange(width, device=boxes.device)
    down = torch.arange(height, device=boxes.device)
    columns = (across >= boxes[..., :1]) & (across < boxes[..., 2:3])
    rows = (down >= boxes[..., 1:2]) & (down < boxes[..., 3:])
    return (rows[..., :, None] & columns[..., None, :]).float()
