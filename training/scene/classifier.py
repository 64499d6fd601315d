"""A small scene classifier, to measure whether generated pictures show the class of their prompt.

Trained on the same pictures as the scene model, at half its resolution; half of them are blurred,
so that sharpness is not a cue. Its features are also used for distances between pictures.
"""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.transforms import v2
from tqdm import trange

from bgswap.io.tensors import images_to_tensor
from training.scene.optimizer import halves

BATCH, LEARNING_RATE = 64, 0.003
BLUR = v2.GaussianBlur(7, (0.5, 1.6))


def train_classifier(
    pictures: np.ndarray, labels: np.ndarray, epochs: int, seed: int = 0
) -> nn.Module:
    """A ResNet of one block a stage, from random weights, in eval mode.

    Args:
        pictures: (N, S, S, 3) uint8 RGB.
        labels: (N,) class numbers from 0.
        epochs: over all pictures.
        seed: of weights, order and augmentation.
    """
    torch.manual_seed(seed)
    network = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=int(labels.max()) + 1)
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.05)
    steps = epochs * -(-len(pictures) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps)
    for _ in trange(epochs, desc="scene classifier"):
        for batch in torch.randperm(len(pictures)).split(BATCH):
            shown, true = (
                vary(images_to_tensor(pictures[batch.numpy()])),
                torch.from_numpy(labels)[batch],
            )
            with halves():
                scores = network(shown)
            loss = F.cross_entropy(scores.float(), true, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def vary(pictures: Tensor) -> Tensor:
    """Random augmentation of each picture: crop, mirror, light; the first half is blurred.

    Args:
        pictures: (B, 3, S, S) in [0, 1].

    Returns:
        (B, 3, S, S), from 35 to 100 % of each picture's area.
    """
    count = len(pictures)
    area, stretch = _between(count, 0.35, 1), _between(count, -0.25, 0.25).exp()
    across, down = (area.sqrt() * stretch).clamp(max=1), (area.sqrt() / stretch).clamp(max=1)
    place = torch.zeros(count, 2, 3)
    place[:, 0, 0] = across * torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    place[:, 1, 1] = down
    place[:, 0, 2], place[:, 1, 2] = (
        _between(count, -1, 1) * (1 - part) for part in (across, down)
    )
    grid = F.affine_grid(place, pictures.shape, align_corners=False)
    cut = F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    tint = _between(count, 0.8, 1.25) * _between(3 * count, 0.93, 1.07).view(3, count)
    lit = (cut * tint.T[..., None, None] + _between(count, -0.08, 0.08).view(-1, 1, 1, 1)).clamp(
        0, 1
    )
    return torch.cat([BLUR(lit[: count // 2]), lit[count // 2 :]])


def _between(count: int, low: float, high: float) -> Tensor:
    return torch.empty(count).uniform_(low, high)


class SceneFeatures(nn.Module):
    """The classifier's penultimate features: (B, 3, H, W) uint8 to (B, 512) float."""

    num_features = 512

    def __init__(self, classifier: nn.Module, side: int) -> None:
        super().__init__()
        # a copy, because torchmetrics changes the dtype of the network it is given
        layers = copy.deepcopy(list(classifier.children())[:-1])
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.side = side

    def forward(self, pictures: Tensor) -> Tensor:
        unit = pictures.to(next(self.parameters()).dtype) / 255
        return self.body(F.interpolate(unit, (self.side, self.side), mode="area"))


def classify(classifier: nn.Module, pictures: np.ndarray) -> np.ndarray:
    """The most probable class of each picture (N, S, S, 3) uint8 RGB, averaged over mirroring."""
    seen = (pictures, pictures[:, :, ::-1])
    scores = sum(torch.cat(list(_batches(classifier, side))).softmax(1) for side in seen)
    return scores.argmax(1).numpy()


def features(classifier: nn.Module, pictures: np.ndarray) -> np.ndarray:
    """Normalized features (N, 512) float32 of pictures (N, S, S, 3) uint8 RGB."""
    body = SceneFeatures(classifier, pictures.shape[1]).eval()
    seen = np.concatenate([f.numpy() for f in _batches(body, pictures, 255.0)])
    return seen / np.linalg.norm(seen, axis=1, keepdims=True)


@torch.inference_mode()
def _batches(network: nn.Module, pictures: np.ndarray, scale: float = 1.0) -> Iterator[Tensor]:
    for start in range(0, len(pictures), BATCH):
        yield network(images_to_tensor(pictures[start : start + BATCH]) * scale)
