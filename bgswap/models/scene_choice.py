"""Which scene model a preset means on this machine."""

from functools import cache

from bgswap.errors import ModelUnavailable
from bgswap.models.registry import resolve
from bgswap.models.roles import STARTER
from bgswap.presets import AUTO, PRESETS, ScenePreset
from bgswap.settings import Settings

# Bytes: a GPU that is sold with 12 GB reports up to a tenth less than 12 GiB.
NOMINAL_GIGABYTE = 0.9 * 2**30


def device_of(settings: Settings) -> str:
    """The device that models run on: ``cpu``, ``cuda`` or ``mps``."""
    if settings.device != "auto":
        return settings.device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def row_of(preset: str, settings: Settings) -> ScenePreset:
    """The row of a preset, or its larger model where the device has the memory for it.

    Args:
        preset: its name, or ``auto``.
        settings: a repository that they name is used whatever the memory.
    """
    device = device_of(settings)
    if preset != AUTO:
        row = PRESETS[preset]
    elif settings.models == "starter":
        row = starter_preset()
    else:
        row = next(row for row in PRESETS.values() if device in row.auto_on)
    named = settings.repository(row.role) is not None
    return row.larger if row.larger and not named and has_room(row.larger, device) else row


def has_room(row: ScenePreset, device: str) -> bool:
    """Whether the device has the memory that a scene model needs."""
    if not row.least_memory or device != "cuda":
        return not row.least_memory
    import torch

    return torch.cuda.mem_get_info()[1] >= row.least_memory * NOMINAL_GIGABYTE


def check_room(row: ScenePreset, settings: Settings) -> None:
    """Check that the device has the memory for a model that no setting names.

    Raises:
        ModelUnavailable: it has not.
    """
    if settings.repository(row.role) is None and not has_room(row, device_of(settings)):
        raise ModelUnavailable(
            f"The {row.name} scene model needs a GPU with {row.least_memory:g} GB of memory"
        )


def starter_preset() -> ScenePreset:
    """The row of the scene model that ships."""
    return next(row for row in PRESETS.values() if row.ships)


@cache
def starter_vocabulary() -> ScenePreset:
    """The starter with its vocabulary."""
    read = resolve("bgswap.backgrounds.diffusion.loading:read_parameters")
    row: ScenePreset = read(starter_preset(), STARTER / "scene")
    return row
