"""A swapper for the tests of several photos: it only hands back what it is told to."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bgswap import NoPersonDetected, Progress, SwapOptions, SwapResult
from bgswap.io.images import open_photo
from bgswap.ui.service import SwapService


class Painter:
    """Gives every photo back in its own colors; the names of some say what goes wrong."""

    list_people = None

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def swap(
        self, photo: Path, prompt: str, people: str, options: SwapOptions, tell: Any, known: Any
    ) -> SwapResult:
        self.asked.append((photo.name, prompt, people))
        tell(Progress("scene", 1, 2))
        if photo.stem == "nobody":
            raise NoPersonDetected
        if photo.stem == "bug":
            raise KeyError("/srv/secret")
        end = time.monotonic() + 30
        while photo.stem == "slow" and time.monotonic() < end:
            tell(Progress("scene", 1, 2))
            time.sleep(0.01)
        image = open_photo(photo)
        tell(Progress("scene", 2, 2))
        details = {"kept": [1, 2], "seed": 7, "models": {"scene": {}}, "notes": ["a note"]}
        return SwapResult(image, np.dstack([image, image[..., 0]]), details, [], [])


def photo(service: SwapService, name: str, color: int = 90) -> Path:
    """An uploaded photo of one gray."""
    folder = service.folder()
    Image.new("RGB", (64, 48), (color, color, color)).save(folder / name)
    return folder / name
