"""A new training task needs a network, two data sets and its losses; the loop does the rest."""

from pathlib import Path

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import Tensor, nn
from torch.utils.data import Dataset, TensorDataset

from training.common.facts import RunFacts
from training.common.loop import train
from training.common.tasks import LoopSettings


class Line(nn.Linear, PyTorchModelHubMixin):
    """A network of one weight and one bias."""

    def __init__(self) -> None:
        super().__init__(1, 1)


class Numbers(Dataset):
    """Pairs of x and 3 x; the loop asks for sample numbers that go on over the epochs."""

    def __init__(self, count: int) -> None:
        x = torch.linspace(-1, 1, count)[:, None]
        self.pairs = TensorDataset(x, 3 * x)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, number: int) -> tuple[Tensor, ...]:
        return self.pairs[number % len(self.pairs)]


class LineTask:
    """Fit a line."""

    weights_name = "line.pth"

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.network = Line()
        self.training, self.validation = Numbers(64), Numbers(16)
        self.config: dict[str, object] = {"network": "line"}
        self.data: list = []
        self.step = 0

    def losses(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        return {"total": nn.functional.mse_loss(network(x), y)}

    def draw_samples(self, network: Line, folder: Path) -> None:
        (folder / "line.txt").write_text(f"{network.weight.item():.2f}")

    def finish(self, network: Line, run: Path, facts: RunFacts) -> None:
        network.save_pretrained(run / "hub")


def test_a_new_task_is_trained_and_saved(tmp_path: Path) -> None:
    settings = LoopSettings(tmp_path, epochs=10, batch=8, learning_rate=0.1, cpu=True)
    metrics = train(LineTask(), settings)
    assert metrics["final"]["validation"]["total"] < 0.1
    assert (tmp_path / "line.pth").exists() and (tmp_path / "curves.png").exists()
    weight = Line.from_pretrained(tmp_path / "hub").weight.item()
    assert abs(weight - 3) < 0.2
