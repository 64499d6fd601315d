"""Converts scene models in a process of its own, beside a server: ``python -m`` this module."""

import logging
import os
import subprocess
import sys

from bgswap.errors import BgSwapError
from bgswap.models import prepared
from bgswap.models.process import ROOT, end_with_parent
from bgswap.models.registry import LOADERS, resolve
from bgswap.models.scene_choice import device_of, row_of
from bgswap.models.scene_parts import find_parts
from bgswap.models.store import WeightStore
from bgswap.presets import AUTO
from bgswap.settings import Settings, on_space

log = logging.getLogger(__name__)
# Of the process: visitors come first.
NICENESS = 10


def prepare_beside(settings: Settings, store: WeightStore) -> "subprocess.Popen[bytes] | None":
    """Start the conversion of the scene model that serves here, where it is still to be made.

    Not on a Space, where nothing is compiled at run time.

    Args:
        settings: as the environment has them, which the process reads again.
        store: tells whether the model is on disk.

    Returns:
        The process, which ends with this one; None: there is nothing to do.
    """
    row = row_of(AUTO, settings)
    if on_space() or not row.converts or device_of(settings) != "cpu" or not prepared.versions():
        return None
    try:
        pipeline, parts = store.get(row.role).path, find_parts(row, "cpu", store)
    except BgSwapError:
        return None
    target = prepared.folder_of(settings.cache, pipeline, parts.lora)
    if not prepared.is_convertible(pipeline) or prepared.read_verdict(target) is not None:
        return None
    log.info("the scene model is converted for this CPU in the background")
    command = [sys.executable, "-m", __name__]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=ROOT)


def prepare_scene(settings: Settings, store: WeightStore, preset: str = AUTO) -> str:
    """Convert the scene model of a preset for this CPU, if it was not yet; what came of it.

    It takes minutes and twice the model's memory.

    Raises:
        ModelUnavailable: the preset's model is not available.
    """
    row = row_of(preset, settings)
    if not row.converts or device_of(settings) != "cpu":
        return f"The {row.name} scene model is not converted on this device"
    if prepared.versions() is None:
        return 'OpenVINO is not installed: pip install "bgswap[openvino]"'
    pipeline, parts = store.get(row.role).path, find_parts(row, "cpu", store)
    if not prepared.is_convertible(pipeline):
        return f"The {row.name} scene model in {pipeline} cannot be converted"
    target = prepared.folder_of(settings.cache, pipeline, parts.lora)
    verdict = prepared.read_verdict(target)
    return str(verdict or resolve(LOADERS["prepare"])(row, pipeline, parts, target))


def main() -> None:
    """Convert what the environment's settings name."""
    end_with_parent()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    settings = Settings.from_env()
    log.info("%s", prepare_scene(settings, WeightStore(settings)))


if __name__ == "__main__":
    main()
