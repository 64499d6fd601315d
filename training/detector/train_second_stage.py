"""Train the detector's second stage on the first stage's candidates.

    python -m training.detector.train_second_stage --candidates candidates \\
        --out runs/second-stage --seconds 2700

The candidates are what ``python -m training.detector.gather_candidates`` wrote; new shards are
taken up while it runs. Training begins with the weights of ``--start`` and its learning rate falls
over ``--seconds``. Averaged weights that are the best yet on the candidates of the part ``check``
go to ``OUT/second_stage.safetensors``, their figures to ``OUT/progress.json``, the checkpoint that
``--resume`` goes on from beside them. ``--export`` writes a detector with them.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bgswap.detection.checkpoints import SECOND, second_stage
from bgswap.networks import PersonUNet
from training.common.compiled import Compiled
from training.common.flags import add_track_flag
from training.common.loop import command_parser, run_command, train_for
from training.common.progress import Progress
from training.common.tasks import TimedSettings
from training.detector.candidate_crops import Batch, CropSource, still
from training.detector.candidates import Candidates
from training.detector.gather_candidates import SHIPPED
from training.detector.second_stage_scores import SCORE_WEIGHT, answers, measured
from training.matting.alpha_losses import alpha_losses, score_loss


@dataclass(frozen=True)
class TrainConfig:
    """How the second stage is trained."""

    # Crops a step; highest learning rate of AdamW, its weight decay, steps until it is reached.
    batch: int = 16
    rate: float = 4e-4
    decay: float = 0.02
    warm_up: int = 60
    # Factor of the moving average of the weights.
    average: float = 0.98
    # Share of batches in which the network is shown its own answer, as on its second look.
    second_look: float = 0.35
    # Seconds between checks; candidates of a check at most.
    check_every: float = 420
    checked: int = 256


class SecondStageTask:
    """What the training loop needs to know about the second stage.

    Args:
        network: with the weights to begin with.
        config: how it is trained.
        candidates: the folder of those that were gathered.
        out: folder for the best weights and their figures.
    """

    compiled: Sequence[Compiled] = ()
    others: Sequence[Any] = ()
    average: nn.Module

    def __init__(
        self, network: PersonUNet, config: TrainConfig, candidates: Path, out: Path
    ) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        self.options, self.candidates, self.out, self.step = config, candidates, out, 0
        self.size = network.height, network.width
        self.source: CropSource | None = None
        free = ("check_every", "checked")
        self.config = {k: v for k, v in asdict(config).items() if k not in free}

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW."""
        rate, decay = self.options.rate, self.options.decay
        return [torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=decay)]

    def batch(self, seed: int, share: float) -> Batch:
        """Varied candidates of those that there were at the last check."""
        self.source = self.source or CropSource(Candidates(self.candidates, "train"), self.size)
        return self.source.draw(self.options.batch, seed)

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Losses of masks and presence, the latter as ``score``."""
        inputs = batch.inputs.contiguous(memory_format=torch.channels_last)
        if torch.rand(()) < self.options.second_look:
            inputs[:, 3:4] = answers(self.average, inputs)[0]
            network.train()
        with torch.autocast(inputs.device.type, torch.bfloat16):
            logits, scores = network(inputs)
        losses = alpha_losses(logits, batch.true, batch.weight, inputs[:, :3])
        losses["mask"], losses["score"] = (
            losses["total"],
            score_loss(scores, batch.somebody, batch.clear),
        )
        losses["total"] = losses["mask"] + SCORE_WEIGHT * losses["score"]
        return losses

    def validate(self) -> dict[str, float]:
        """Figures of the average on candidates of ``check``, and how many these were."""
        batches = check_batches(
            Candidates(self.candidates, "check"), self.size, self.options.checked
        )
        count = sum(len(batch.clear) for batch in batches)
        return measured(self.average, batches) | {"candidates": count}

    def keep(self, progress: Progress) -> None:
        """Write the average where it is the best yet on as many candidates; see new shards."""
        self.source = None
        rows = [
            {"step": row["step"], "seconds": round(row["seconds"]), **row["validation"]}
            for row in progress.history
        ]
        alike = [row["loss"] for row in rows if row["candidates"] == rows[-1]["candidates"]]
        if min(alike[:-1], default=float("inf")) <= alike[-1]:
            return
        weights = self.average.state_dict().items()
        half = {k: v.half().contiguous() for k, v in weights if not k.endswith("tracked")}
        save_file(half, self.out / "second_stage.part")
        (self.out / "second_stage.part").replace(self.out / "second_stage.safetensors")
        about = asdict(self.options) | {"best": rows[-1], "history": rows}
        (self.out / "progress.json").write_text(json.dumps(about, indent=1) + "\n")


def check_batches(candidates: Candidates, size: tuple[int, int], most: int) -> list[Batch]:
    """At most so many candidates, evenly spread, as they are."""
    places = np.linspace(0, len(candidates) - 1, min(len(candidates), most)).astype(int)
    return [still(candidates, part, size) for part in np.array_split(places, len(places) // 16 + 1)]


def settings_for(
    out: Path,
    config: TrainConfig,
    seconds: float,
    seed: int = 0,
    resume: bool = False,
    track: str = "",
) -> TimedSettings:
    """How long and by which schedule the second stage is trained; it stays on the CPU."""
    return TimedSettings(
        out,
        seconds=seconds,
        schedule="linear",
        lowest=0.01,
        warmup=config.warm_up,
        ema=config.average,
        ramp=False,
        clip=2.0,
        interval=config.check_every,
        validate_first=True,
        seed=seed,
        resume=resume,
        cpu=True,
        track=track,
    )


def export(weights: Path, detector: Path, folder: Path, trained: dict[str, object]) -> None:
    """Rewrite a detector's folder with other second-stage weights; its card stays.

    Args:
        weights: that the training left.
        detector: whose first stage and shape to take.
        folder: where to write.
        trained: what config.json is to say about the training.
    """
    config = json.loads((detector / "config.json").read_text())
    both = load_file(detector / "model.safetensors")
    both = {k: v for k, v in both.items() if not k.startswith(SECOND)}
    both |= {f"{SECOND}{k}": v for k, v in load_file(weights).items()}
    second_stage(config, both)  # refuses weights that do not fit
    folder.mkdir(parents=True, exist_ok=True)
    save_file(both, folder / "model.safetensors", metadata={"format": "pt"})
    config["second_stage_training"] = trained
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = command_parser("detector train_second_stage", __doc__)
    add = parser.add_argument
    add("--candidates", type=Path, required=True, help="folder of gathered candidates")
    add("--out", type=Path, required=True, help="folder for weights, figures and state")
    add("--start", type=Path, default=SHIPPED, help="detector whose second stage to begin with")
    add("--seconds", type=float, default=2700, help="of training in all")
    add("--batch", type=int, default=TrainConfig.batch, help="crops a step")
    add("--rate", type=float, default=TrainConfig.rate, help="highest learning rate")
    add("--seed", type=int, default=0, help="of all chances")
    add("--resume", action="store_true", help="go on from the checkpoint in OUT")
    add_track_flag(parser)
    add("--export", type=Path, help="write the detector with the best weights to this folder")
    options: argparse.Namespace = parser.parse_args(arguments)

    def work() -> None:
        torch.manual_seed(options.seed)
        shape = json.loads((options.start / "config.json").read_text())
        network = second_stage(shape, load_file(options.start / "model.safetensors"))
        config = TrainConfig(batch=options.batch, rate=options.rate)
        settings = settings_for(
            options.out, config, options.seconds, options.seed, options.resume, options.track
        )
        train_for(SecondStageTask(network, config, options.candidates, options.out), settings)
        if options.export:
            told = json.loads((options.out / "progress.json").read_text())
            best = options.out / "second_stage.safetensors"
            export(
                best, options.start, options.export, {k: told[k] for k in told if k != "history"}
            )

    return run_command(work)


if __name__ == "__main__":
    raise SystemExit(main())
