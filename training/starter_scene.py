"""Train the scene model that ships: a small latent diffusion inpainting pipeline, from scratch.

    python -m training.starter_scene --scenes datasets/scenes.zip --people datasets/people.zip \\
        --out runs/starter-scene --minutes 80 --resume

Going on from the weights that ship, as more minutes or a GPU (``--device cuda --batch 256``) allow:
the same command with ``--start-from bgswap/starter/scene --decoder-minutes 0``.

Expected: the weights that ship had about 123,000 pictures in 185 minutes on a share of two cores
and then, in 55 minutes on one core, 124,000 more (1,289 steps of 96, 38 pictures a second): in them
the loss fell from 0.184 to 0.165 and was still falling. Their card tells more. Light, skies, woods,
fields, roads and white studios read at a glance, seas, mountains, streets and houses roughly, rooms
hardly. More minutes are the first thing to give it. At the start, finding out which pictures are
typical takes three minutes.

The pipeline in ``OUT/scene`` is diffusers' own StableDiffusionInpaintPipeline and loads with
``AutoPipelineForInpainting.from_pretrained`` and nothing else. A UNet with 9 input channels
denoises 16 x 16 cells of 4 numbers (see :mod:`training.scene_autoencoder`), conditioned on a small
CLIP text model. It learns v-prediction (Salimans and Ho, 2022) on a cosine schedule (Nichol and
Dhariwal, 2021), with classifier-free guidance (Ho and Salimans, 2021).

In half of the batches all is masked; in the rest a person cut from a photo is what is kept, and the
picture to make is the scene behind that person: the program puts the person back itself, and a
background that does not lean on the person never continues them.

Typical pictures come most often (see :mod:`training.scene_data`), and the learning is made quick by
what :mod:`training.scene_optimizer` holds.

Steps: pictures and latents (kept in ``OUT/pictures.pt``), text model, diffusion, decoder. The state
goes to ``OUT/state.pt`` every few minutes, beside a contact sheet of what the model draws.
"""

import argparse
import copy
import logging
import math
import time
from pathlib import Path

import torch
from diffusers import StableDiffusionInpaintPipeline
from diffusers.training_utils import EMAModel
from torch.nn import functional as F

from training.cards import write_card
from training.scene_autoencoder import train_decoder
from training.scene_data import SceneData, prepare
from training.scene_model import build_pipeline, contact_sheet, export, load_weights
from training.scene_optimizer import build_optimizers, halves
from training.scene_text import pretrain_text, tokenize

log = logging.getLogger(__name__)


def draw_times(count: int) -> torch.Tensor:
    """Mostly times in the middle and above, where the layout is decided; some from everywhere."""
    middle = torch.sigmoid(torch.randn(count) * 1.1 + 0.8)
    times = torch.where(torch.rand(count) < 0.25, torch.rand(count), middle)
    return (times * 1000).long().clamp(0, 999)


def diffusion_loss(pipeline: StableDiffusionInpaintPipeline, data: SceneData, batch: int):
    """Mean squared error of v on one batch of pictures, captions and kept people."""
    device = pipeline.unet.device
    texts, *cells = data.batch(batch)
    latents, mask, kept = (part.to(device) for part in cells)
    tokens = tokenize(pipeline.tokenizer, ["" if data.rng.random() < 0.1 else t for t in texts])
    noise, times = torch.randn_like(latents), draw_times(batch).to(device)
    noisy = pipeline.scheduler.add_noise(latents, noise, times)
    target = pipeline.scheduler.get_velocity(latents, noise, times)
    given = torch.cat([noisy, mask, kept], 1)
    with halves(device.type):
        words = pipeline.text_encoder(tokens.to(device)).last_hidden_state
        output = pipeline.unet(given, times, encoder_hidden_states=words).sample
    return F.mse_loss(output.float(), target)


class Trainer:
    """The diffusion loop's state: pipeline, optimizer, averaged weights, minutes spent."""

    def __init__(self, pipeline: StableDiffusionInpaintPipeline, rate: float) -> None:
        self.pipeline, self.rate = pipeline, rate
        self.weights = [*pipeline.unet.parameters(), *pipeline.text_encoder.parameters()]
        self.optimizers = build_optimizers(pipeline.unet, pipeline.text_encoder, rate)
        self.average = EMAModel(
            self.weights, decay=0.998, use_ema_warmup=True, power=0.75, foreach=True
        )
        self.spent, self.step, self.seen = 0.0, 0, 1.0

    def train(self, data: SceneData, batch: int, minutes: float, until: float) -> None:
        """Go on until ``until`` of the ``minutes`` that the learning rate is planned for."""
        before, start = self.spent, time.monotonic()
        self.pipeline.unet.train()
        while self.spent < until:
            fall = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, self.spent / minutes)))
            loss = diffusion_loss(self.pipeline, data, batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
            for optimizer in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = self.rate * group["scale"] * fall * min(1, (self.step + 1) / 150)
                optimizer.step()
                optimizer.zero_grad()
            self.average.step(self.weights)
            self.step, self.seen = self.step + 1, 0.98 * self.seen + 0.02 * loss.item()
            self.spent = before + (time.monotonic() - start) / 60
            if self.step % 50 == 0:
                log.info("step %d, %.1f min, loss %.4f", self.step, self.spent, self.seen)

    def averaged(self) -> StableDiffusionInpaintPipeline:
        """A copy of the pipeline with the averaged weights, for looking and for shipping."""
        self.average.store(self.weights)
        self.average.copy_to(self.weights)
        shown = copy.deepcopy(self.pipeline)
        self.average.restore(self.weights)
        shown.unet.eval()
        return shown

    def save(self, path: Path) -> None:
        """Write all of it, so that a stop at any moment leaves a whole file."""
        parts = {n: getattr(self.pipeline, n).state_dict() for n in ("unet", "text_encoder", "vae")}
        state = parts | {
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "average": self.average.state_dict(),
            "progress": (self.spent, self.step, self.seen),
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def load(self, path: Path) -> None:
        """Take up what :meth:`save` wrote."""
        state = torch.load(path, weights_only=True, map_location=self.pipeline.unet.device)
        for name in ("unet", "text_encoder", "vae"):
            getattr(self.pipeline, name).load_state_dict(state[name])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.average.load_state_dict(state["average"])
        self.spent, self.step, self.seen = state["progress"]


def main(arguments: list[str] | None = None) -> None:
    """Command line of the training."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", required=True, help="scenes.zip or a folder of that layout")
    parser.add_argument("--people", required=True, help="people.zip or a folder of that layout")
    parser.add_argument("--out", type=Path, required=True, help="where state and pipeline go")
    parser.add_argument("--minutes", type=float, default=80, help="of the diffusion model")
    parser.add_argument("--decoder-minutes", type=float, default=8)
    parser.add_argument("--text-steps", type=int, default=1500)
    parser.add_argument("--every", type=float, default=5, help="minutes between states")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=8e-4, help="highest learning rate")
    parser.add_argument("--pictures", type=int, help="use only so many scenes (to try things)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps")
    parser.add_argument("--threads", type=int, help="of torch; default: as torch chooses")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--start-from", type=Path, help="folder of a trained pipeline to go on from"
    )
    parser.add_argument("--resume", action="store_true", help="go on from OUT/state.pt")
    run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> None:
    """Train as the options say, and export to ``OUT/scene`` at each state."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    pipeline, state = build_pipeline().to(options.device), options.out / "state.pt"
    data = prepare(options)
    going_on = options.resume and state.exists()
    if options.start_from and not going_on:
        load_weights(pipeline, options.start_from)
    elif not going_on:
        pretrain_text(
            pipeline.text_encoder, pipeline.tokenizer, data.sample, data.kinds, options.text_steps
        )
    trainer = Trainer(pipeline, options.rate)
    if going_on:
        trainer.load(state)
    while trainer.spent < options.minutes:
        until = min(options.minutes, trainer.spent + options.every)
        trainer.train(data, options.batch, options.minutes, until)
        show(trainer, options.out)
    train_decoder(pipeline.vae, data.pairs, options.decoder_minutes)
    show(trainer, options.out)


def show(trainer: Trainer, out: Path) -> None:
    """Write the state, the pipeline as it stands, and a contact sheet of it."""
    trainer.save(out / "state.pt")
    shown = trainer.averaged()
    export(shown, out / "scene")
    figures = {
        "minutes": round(trainer.spent),
        "steps": trainer.step,
        "loss": f"{trainer.seen:.3f}",
    }
    write_card("scene", out / "scene", figures)
    contact_sheet(shown, out / f"sheet-{round(trainer.spent):03d}.png")


if __name__ == "__main__":
    main()
