"""Means of the training losses that do not wait for the device at each step."""

from collections.abc import Mapping

import torch
from torch import Tensor


class RunningMeans:
    """Sums of named scalars, and how often each came.

    Attributes:
        sums: of each name its sum and count, as far as they are read.
        recent: the same since :meth:`read_recent`.
    """

    def __init__(self) -> None:
        self.sums: dict[str, list[float]] = {}
        self.recent: dict[str, list[float]] = {}
        self._names: list[str] = []
        self._values: list[Tensor] = []

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Note a step's losses, scalars on any one device."""
        self._names += losses
        self._values.append(torch.stack([value.detach().float() for value in losses.values()]))

    def read(self) -> dict[str, float]:
        """The means of all that was noted; waits for the device."""
        values = torch.cat(self._values).tolist() if self._values else []
        for name, value in zip(self._names, values, strict=True):
            for sums in (self.sums, self.recent):
                total, count = sums.get(name, (0.0, 0))
                sums[name] = [total + value, count + 1]
        self._names, self._values = [], []
        return _means(self.sums)

    def read_recent(self) -> dict[str, float]:
        """The means of what was noted since this was asked last; waits for the device."""
        self.read()
        recent, self.recent = self.recent, {}
        return _means(recent)

    def start(
        self,
        sums: Mapping[str, list[float]] | None = None,
        recent: Mapping[str, list[float]] | None = None,
    ) -> None:
        """Start from zero, or with sums that were saved."""
        self.sums, self.recent = dict(sums or {}), dict(recent or {})
        self._names, self._values = [], []


def in_words(losses: Mapping[str, float]) -> str:
    """Named losses as one line."""
    return ", ".join(f"{name} {value:.4g}" for name, value in losses.items())


def _means(sums: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: total / count for name, (total, count) in sums.items()}
