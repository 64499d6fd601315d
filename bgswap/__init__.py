"""Background swap: new scenery behind the people in a photo, who stay themselves.

Importing this package is quick: torch, diffusers and ultralytics load when they are first needed.
"""

import os
from typing import TYPE_CHECKING

# Read when ultralytics is imported, which would else look two hosts up and then report each use of
# a model to an analytics host; and by huggingface_hub, which would report its versions.
os.environ.setdefault("YOLO_OFFLINE", "true")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from bgswap.errors import (
    BadInput,
    BgSwapError,
    ModelUnavailable,
    NoPersonDetected,
    SceneRejected,
    Stopped,
)
from bgswap.options import SwapOptions
from bgswap.settings import Settings
from bgswap.types import Background, Cutout, Person, Picture, Progress, SwapResult

if TYPE_CHECKING:
    from bgswap.swapper import BackgroundSwapper

__all__ = [
    "Background",
    "BackgroundSwapper",
    "BadInput",
    "BgSwapError",
    "Cutout",
    "ModelUnavailable",
    "NoPersonDetected",
    "Person",
    "Picture",
    "Progress",
    "SceneRejected",
    "Settings",
    "Stopped",
    "SwapOptions",
    "SwapResult",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name == "BackgroundSwapper":
        from bgswap.swapper import BackgroundSwapper

        return BackgroundSwapper
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
