"""Metrics of the second stage, run with two passes as in the program."""

import numpy as np
import torch
from torch import Tensor

from bgswap.detection.second_stage import SecondStageConfig
from bgswap.networks import PersonUNet
from training.common.metrics import boundary_iou, iou
from training.detector.candidate_crops import Batch
from training.matting.alpha_losses import alpha_losses, score_loss

# Weight of the presence loss; the mask loss has 1.
SCORE_WEIGHT = 0.3


@torch.no_grad()
def answers(network: PersonUNet, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Masks (B, 1, H, W) and scores (B,) in [0, 1] of crops, in eval mode."""
    network.eval()
    with torch.autocast(inputs.device.type, torch.bfloat16):
        logits, scores = network(inputs)
    return torch.sigmoid(logits.float()), torch.sigmoid(scores.float())


def measured(network: PersonUNet, batches: list[Batch]) -> dict[str, float]:
    """Loss, mask IoU and boundary IoU of the combined two passes, and the error rate of presence.

    Both IoU are over the candidates whose true mask is known everywhere in the photo.
    """
    weight, losses, fits, wrong = SecondStageConfig().rough_weight, [], [], []
    for batch in batches:
        inputs = batch.inputs.clone()
        once, first = answers(network, inputs)
        inputs[:, 3:4] = once
        twice, second = answers(network, inputs)
        masks = (weight * batch.inputs[:, 3:4] + once + twice) / (weight + 2)
        sure = (first * second).sqrt()
        mask_loss = alpha_losses(torch.logit(masks, 1e-4), batch.true, batch.weight, inputs[:, :3])[
            "total"
        ]
        presence = score_loss(torch.logit(sure, 1e-4), batch.somebody, batch.clear)
        losses.append(float(mask_loss + SCORE_WEIGHT * presence))
        wrong += ((sure > 0.5) != (batch.somebody > 0.5))[batch.clear > 0].tolist()
        inside = (inputs[:, :3] != 0).any(1, keepdim=True).float()
        known = (batch.weight * inside).sum((1, 2, 3)) > 0.99 * inside.sum((1, 2, 3))
        pairs = ((layer * inside)[known, 0].numpy() for layer in (masks, batch.true))
        fits += [
            (iou(mask, true), boundary_iou(mask, true)) for mask, true in zip(*pairs, strict=True)
        ]
    means = np.mean(fits, axis=0) if fits else (0.0, 0.0)
    return {
        "loss": round(float(np.mean(losses)), 5),
        "iou": round(float(means[0]), 5),
        "boundary_iou": round(float(means[1]), 5),
        "presence_wrong": round(float(np.mean(wrong)), 5) if wrong else 0.0,
    }
