"""A small classifier of scenes: it tells whether made pictures show what was asked for.

Trained on the same pictures as the scene model, on that model's own side in pixels; some of them
blurred, so that sharpness does not decide. Its features also measure distances between pictures.
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

BATCH, LEARNING_RATE = 64, 0.003


def train_classifier(
    pictures: np.ndarray, labels: np.ndarray, epochs: int, seed: int = 0
) -> nn.Module:
    """A ResNet of one block a stage, from random weights, in eval mode.

    Args:
        pictures: (N, S, S, 3) uint8 RGB.
        labels: (N,) class numbers from 0.
        epochs: over all pictures.
        seed: of weights, order and variations.
    """
    torch.manual_seed(seed)
    network = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=int(labels.max()) + 1)
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.05)
    steps = epochs * -(-len(pictures) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps)
    varied = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomResizedCrop(pictures.shape[1], scale=(0.6, 1.0), antialias=True),
            v2.ColorJitter(0.15, 0.15, 0.15),
            v2.RandomApply([v2.GaussianBlur(7, (0.5, 1.6))], 0.5),
        ]
    )
    for _ in trange(epochs, desc="scene classifier"):
        for batch in torch.randperm(len(pictures)).split(BATCH):
            shown = varied(_tensor(pictures[batch.numpy()]))
            loss = F.cross_entropy(
                network(shown), torch.from_numpy(labels)[batch], label_smoothing=0.1
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


class SceneFeatures(nn.Module):
    """What the classifier sees before it decides: (B, 3, H, W) uint8 to (B, 512) float."""

    num_features = 512

    def __init__(self, classifier: nn.Module, side: int) -> None:
        super().__init__()
        # its own copy: torchmetrics changes the number format of what it is given
        layers = copy.deepcopy(list(classifier.children())[:-1])
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.side = side

    def forward(self, pictures: Tensor) -> Tensor:
        unit = pictures.to(next(self.parameters()).dtype) / 255
        return self.body(F.interpolate(unit, (self.side, self.side), mode="area"))


def classify(classifier: nn.Module, pictures: np.ndarray) -> np.ndarray:
    """The likeliest class number of each picture (N, S, S, 3) uint8 RGB."""
    return np.concatenate([p.argmax(1).numpy() for p in _batches(classifier, pictures)])


def features(classifier: nn.Module, pictures: np.ndarray) -> np.ndarray:
    """(N, 512) float32 of pictures (N, S, S, 3) uint8 RGB, of length one each."""
    body = SceneFeatures(classifier, pictures.shape[1]).eval()
    seen = np.concatenate([f.numpy() for f in _batches(body, pictures, 255.0)])
    return seen / np.linalg.norm(seen, axis=1, keepdims=True)


@torch.inference_mode()
def _batches(network: nn.Module, pictures: np.ndarray, scale: float = 1.0) -> Iterator[Tensor]:
    for start in range(0, len(pictures), BATCH):
        yield network(_tensor(pictures[start : start + BATCH]) * scale)


def _tensor(pictures: np.ndarray) -> Tensor:
    """(B, 3, S, S) float32 in [0, 1]."""
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255)
