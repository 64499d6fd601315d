"""The flags that every run of the training loop has, one for each of its settings."""

import argparse
from pathlib import Path
from typing import Any

from training.common.tasks import LoopSettings

SWITCH = {"action": "store_true"}
# What argparse is told of each setting; the defaults are the model's own.
FLAGS: dict[str, dict[str, Any]] = {
    "out": {"type": Path, "help": "folder for all that comes out"},
    "epochs": {"type": int, "help": "how often to go through the data"},
    "batch": {"type": int, "help": "samples a step and process"},
    "learning_rate": {"type": float, "help": "of Adam after the warm-up"},
    "schedule": {
        "choices": ("cosine", "constant"),
        "help": "the learning rate falls to 0 along a half cosine, or stays",
    },
    "warmup": {
        "type": int,
        "metavar": "STEPS",
        "help": "steps over which the learning rate rises from 0",
    },
    "ema": {
        "type": float,
        "metavar": "DECAY",
        "help": "validate and keep a moving average of the weights with this decay, such as "
        "0.999; 0: the weights themselves",
    },
    "seed": {"type": int, "help": "of weights, order, samples and noise"},
    "workers": {"type": int, "help": "processes that prepare samples"},
    "checkpoint_every": {
        "type": int,
        "metavar": "STEPS",
        "help": "steps between checkpoints; one is also written after each epoch",
    },
    "mixed_precision": {
        "choices": ("no", "fp16", "bf16"),
        "help": "number format of the forward pass (fp16 needs a GPU)",
    },
    "cpu": SWITCH | {"help": "stay on the CPU though there is a GPU"},
    "start_from": {
        "metavar": "FOLDER|OWNER/NAME",
        "help": "begin with trained weights, a folder in Hub layout or a repository",
    },
    "track": {
        "metavar": "TRACKER",
        "help": "send curves there too, by accelerate: tensorboard, wandb, trackio or another",
    },
    "resume": SWITCH | {"help": "go on from the checkpoint in the run folder"},
    "more_epochs": {
        "type": int,
        "metavar": "N",
        "help": "go on from there for N epochs more than the run was to have; a --resume of that "
        "needs --epochs with the sum",
    },
}


def add_flags(parser: argparse.ArgumentParser, defaults: LoopSettings) -> None:
    """Give a command a flag for each of the loop's settings."""
    for name, told in FLAGS.items():
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, default=getattr(defaults, name), **told)


def add_track_flag(parser: argparse.ArgumentParser) -> None:
    """``--track`` for a command that has not all of the loop's flags."""
    parser.add_argument("--track", default="", **FLAGS["track"])


def settings_from(arguments: argparse.Namespace) -> LoopSettings:
    """The loop's settings out of what was parsed."""
    return LoopSettings(**{name: getattr(arguments, name) for name in FLAGS})
