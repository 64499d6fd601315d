"""How the scene model's UNet and text model learn together: a rectified flow on latents.

Between a picture's latents x and noise n lies the straight path (1 - t) x + t n; the UNet learns
its direction n - x (Liu et al., 2023; Esser et al., 2024), told t as the time step 1000 t.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionInpaintPipeline
from torch import Tensor, nn
from torch.nn import functional as F

from training.common.compiled import Compiled
from training.common.progress import Progress
from training.scene.data.batches import SceneBatches
from training.scene.data.latents import SQUARE
from training.scene.model import STEPS, contact_sheet, save_chunks
from training.scene.optimizer import build_optimizers

log = logging.getLogger(__name__)
# Times are logistic-normal about the noisier half, where the layout is decided; some uniform.
TIME_MEAN, TIME_SPREAD, TIME_UNIFORM = 0.5, 1.0, 0.2
# Every so many times that weights are written, a sheet is too.
SHEETS = 2


def draw_times(count: int, device: torch.device) -> Tensor:
    """Times of training, (count,) float32 in (0, 1); 1 is pure noise."""
    middle = torch.sigmoid(torch.randn(count, device=device) * TIME_SPREAD + TIME_MEAN)
    uniform = torch.rand(count, device=device)
    return torch.where(torch.rand(count, device=device) < TIME_UNIFORM, uniform, middle)


class DiffusionTask:
    """What the training loop needs to know about UNet and text model.

    Args:
        pipeline: its UNet and text model are trained in place.
        data: where batches come from.
        count: pictures in each.
        rate: highest learning rate.
        out: folder for the averaged weights and the sheets.
        shown: pictures of a prompt on a sheet; 0 for no sheets.
        sheet_steps: of the scheduler, for a sheet.
        compiled: whether torch.compile is tried on square batches.
    """

    average: nn.ModuleDict
    others: Sequence[Any] = ()

    def __init__(
        self,
        pipeline: StableDiffusionInpaintPipeline,
        data: SceneBatches,
        count: int,
        rate: float,
        out: Path,
        shown: int = 4,
        sheet_steps: int = STEPS,
        compiled: bool = False,
    ) -> None:
        self.pipeline, self.data, self.count, self.rate = pipeline, data, count, rate
        self.out, self.shown, self.sheet_steps, self.step = out, shown, sheet_steps, 0
        parts = {"unet": pipeline.unet, "text_encoder": pipeline.text_encoder}
        self.network = nn.ModuleDict(parts)
        self.velocity = Compiled(self._plain_velocity, compiled)
        self.compiled = [self.velocity]
        self.config = {"batch": count, "rate": rate}

    def _plain_velocity(self, given: Tensor, times: Tensor, words: Tensor) -> Tensor:
        return self.pipeline.unet(given, times, encoder_hidden_states=words).sample

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon and AdamW."""
        return build_optimizers(self.pipeline.unet, self.pipeline.text_encoder, self.rate)

    def batch(self, seed: int, share: float) -> tuple[Tensor, ...]:
        """Tokens, latents, masks and what is kept."""
        self.data.seed(seed)
        return self.data.batch(self.count, self.data.shape())

    def losses(self, network: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """The error of the velocity."""
        tokens, latents, mask, kept = batch
        times = draw_times(len(latents), latents.device)
        clean, noise = latents.float(), torch.randn_like(latents, dtype=torch.float32)
        t = times[:, None, None, None]
        given = torch.cat([(1 - t) * clean + t * noise, mask.float(), kept.float()], 1)
        given = given.contiguous(memory_format=torch.channels_last)
        velocity = self.velocity if latents.shape[2:] == SQUARE else self._plain_velocity
        kind = latents.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
            words = self.pipeline.text_encoder(tokens).last_hidden_state
            output = velocity(given, 1000 * times, words.float())
        return {"total": F.mse_loss(output.float(), noise - clean)}

    def validate(self) -> dict[str, float]:
        """Nothing: pictures are judged by ``training scene evaluate``."""
        return {}

    def keep(self, progress: Progress) -> None:
        """Write the averaged weights in half precision; every second time also a sheet."""
        parts = {name: part.state_dict() for name, part in self.average.items()}
        save_chunks(parts | {"vae": self.pipeline.vae.state_dict()}, self.out)
        if len(progress.history) % SHEETS == 0:
            self.draw_sheet()

    def draw_sheet(self) -> None:
        """A contact sheet of the averaged weights."""
        if not self.shown:
            return
        parts = self.pipeline.components | dict(self.average.eval())
        pipeline = StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False)
        try:
            contact_sheet(pipeline, self.out / "sheet.jpg", self.shown, self.sheet_steps)
        except RuntimeError as error:
            log.warning("no contact sheet: %s", error)
