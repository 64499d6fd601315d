"""How the scene model's UNet and text model learn together: a rectified flow on latents.

Between a picture's latents x and noise n lies the straight path (1 - t) x + t n; the UNet learns
its direction n - x (Liu et al., 2023; Esser et al., 2024), told t as the time step 1000 t.
"""

import copy
import logging
import time
from collections.abc import Callable
from pathlib import Path

import torch
from diffusers import StableDiffusionInpaintPipeline
from torch import Tensor
from torch.nn import functional as F

from training.scene.clock import Clock
from training.scene.data.batches import SceneBatches
from training.scene.data.latents import SQUARE
from training.scene.optimizer import Compiled, build_optimizers, guarded

log = logging.getLogger(__name__)
# Times are logistic-normal about the noisier half, where the layout is decided; some uniform.
TIME_MEAN, TIME_SPREAD, TIME_UNIFORM = 0.5, 1.0, 0.2
AVERAGE, WARM, LOWEST = 0.998, 150, 0.01


def draw_times(count: int, device: torch.device) -> Tensor:
    """Times of training, (count,) float32 in (0, 1); 1 is pure noise."""
    middle = torch.sigmoid(torch.randn(count, device=device) * TIME_SPREAD + TIME_MEAN)
    uniform = torch.rand(count, device=device)
    return torch.where(torch.rand(count, device=device) < TIME_UNIFORM, uniform, middle)


class DiffusionTrainer:
    """The diffusion stage's state: weights, their average, optimizers, progress.

    Args:
        pipeline: its UNet and text model are trained in place.
        rate: highest learning rate.
        compile_it: whether torch.compile is tried on square batches.
    """

    def __init__(
        self, pipeline: StableDiffusionInpaintPipeline, rate: float, compile_it: bool = False
    ) -> None:
        self.pipeline, self.rate, self.device = pipeline, rate, pipeline.unet.device
        self.named = {
            f"{part}/{name}": weight
            for part in ("unet", "text_encoder")
            for name, weight in getattr(pipeline, part).named_parameters()
        }
        self.weights = list(self.named.values())
        self.optimizers = build_optimizers(pipeline.unet, pipeline.text_encoder, rate)
        self.average = [weight.detach().clone() for weight in self.weights]
        self.done, self.step, self.seen = 0.0, -1, 1.0
        self.writes = 0
        self._velocity = Compiled(self._plain_velocity, compile_it)
        self._losses: list[Tensor] = []

    def _plain_velocity(self, given: Tensor, times: Tensor, words: Tensor) -> Tensor:
        return self.pipeline.unet(given, times, encoder_hidden_states=words).sample

    def learn(
        self,
        data: SceneBatches,
        batch: int,
        clock: Clock,
        every: float,
        show: Callable[[], None],
    ) -> None:
        """Go on until the clock says so.

        Args:
            data: where batches come from.
            batch: pictures in each.
            clock: of this stage.
            every: seconds between two calls of ``show``.
            show: writes what there is.
        """
        self.pipeline.unet.train()
        shown = time.monotonic()
        while clock.going():
            parts = data.batch(batch, shape := data.shape())
            guarded(lambda p=parts, s=shape: self._gradients(*p, s == SQUARE), self._velocity)
            self._update(clock)
            if clock.made % 50 == 0:
                self.seen = torch.stack(self._losses).mean().item()
                self._losses.clear()
                log.info("diffusion: %s, batches of %d, loss %.4f", clock, batch, self.seen)
            if time.monotonic() - shown > every:
                show()
                shown = time.monotonic()

    def _gradients(
        self, tokens: Tensor, latents: Tensor, mask: Tensor, kept: Tensor, square: bool
    ) -> None:
        """Backpropagate one batch's loss."""
        times = draw_times(len(latents), latents.device)
        clean, noise = latents.float(), torch.randn_like(latents, dtype=torch.float32)
        t = times[:, None, None, None]
        given = torch.cat([(1 - t) * clean + t * noise, mask.float(), kept.float()], 1)
        given = given.contiguous(memory_format=torch.channels_last)
        velocity = self._velocity if square else self._plain_velocity
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            words = self.pipeline.text_encoder(tokens).last_hidden_state
            output = velocity(given, 1000 * times, words.float())
        loss = F.mse_loss(output.float(), noise - clean)
        loss.backward()
        self._losses.append(loss.detach())

    def _update(self, clock: Clock) -> None:
        """One step of all optimizers, and of the average."""
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.step, self.done = self.step + 1, clock.done
        fall = max(1 - self.done, LOWEST) * min(1, (self.step + 1) / WARM)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.rate * group["scale"] * fall
            optimizer.step()
            optimizer.zero_grad()
        with torch.no_grad():
            kept = min(AVERAGE, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(self.average, self.weights, 1 - kept)

    def averaged(self) -> dict[str, dict[str, Tensor]]:
        """The averaged weights, as state dicts of the pipeline's parts."""
        found: dict[str, dict[str, Tensor]] = {"unet": {}, "text_encoder": {}}
        for name, weight in zip(self.named, self.average, strict=True):
            part, _, rest = name.partition("/")
            found[part][rest] = weight
        return found

    def averaged_pipeline(self) -> StableDiffusionInpaintPipeline:
        """A pipeline with the averaged weights, for looking and for shipping."""
        parts = dict(self.pipeline.components)
        for part, state in self.averaged().items():
            parts[part] = copy.deepcopy(parts[part]).eval()
            parts[part].load_state_dict(state, strict=False)
        return StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False)

    def save(self, path: Path) -> None:
        """Write all of it, so that a stop at any moment leaves a whole file."""
        state = {
            "weights": self.weights,
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "progress": (self.done, self.step, self.seen),
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def load(self, path: Path) -> None:
        """Take up what :meth:`save` wrote."""
        state = torch.load(path, weights_only=True, map_location=self.device)
        with torch.no_grad():
            torch._foreach_copy_(self.weights, state["weights"])
            torch._foreach_copy_(self.average, state["average"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.done, self.step, self.seen = state["progress"]
