"""UNets converted for CPUs by OpenVINO: where they are in the cache, and whether they are used."""

import json
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Raised when the conversion changes, so that cached models of older versions are converted again.
FORMAT = 2
# Times faster than torch from which the converted UNet is used: below it the gain is not worth the
# difference in the picture.
LEAST_GAIN = 1.3
LIBRARIES = ("openvino", "nncf")
NETWORK, CONFIG, VERDICT = "unet.xml", "config.json", "verdict.json"


@dataclass(frozen=True)
class Verdict:
    """What came of a conversion.

    Attributes:
        gain: times faster than torch on this machine; 0 where the conversion failed.
        error: why it failed, for display.
        numbers: the converted UNet's number format, ``int8`` or ``float32``.
    """

    gain: float
    error: str = ""
    numbers: str = "int8"

    @property
    def used(self) -> bool:
        """Whether the converted UNet is used."""
        return self.gain >= LEAST_GAIN

    def __str__(self) -> str:
        if self.error:
            return f"OpenVINO is not used: {self.error}"
        used = "used" if self.used else "not used"
        faster = f"{self.gain:.1f} times faster than torch on this machine"
        return f"OpenVINO ({self.numbers}) is {used}: {faster}"


def versions() -> tuple[str, ...] | None:
    """The versions of OpenVINO and NNCF; None where the extra is not installed."""
    try:
        return tuple(version(name) for name in LIBRARIES)
    except PackageNotFoundError:
        return None


def is_convertible(pipeline: Path) -> bool:
    """Whether a pipeline's UNet has no inputs but latents, time and text, as Stable Diffusion's."""
    try:
        config = json.loads((pipeline / "unet" / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return not config.get("addition_embed_type") and not config.get("class_embed_type")


def folder_of(cache_folder: Path, pipeline: Path, lora: Path | None) -> Path:
    """The folder of a converted UNet: its name is a hash of all that the result depends on.

    Args:
        cache_folder: of the program.
        pipeline: the folder of the pipeline.
        lora: folder or file of the LoRA that is fused into it.
    """
    key = blake2b(repr((FORMAT, versions())).encode(), digest_size=16)
    files = [pipeline / "unet" / CONFIG, *sorted((pipeline / "unet").glob("*.safetensors"))]
    if lora is not None:
        files += [lora] if lora.is_file() else sorted(lora.glob("*.safetensors"))
    for file in files:
        state = file.stat()
        key.update(_content_hash(file.resolve(), state.st_size, state.st_mtime_ns))
    return cache_folder / "openvino" / key.hexdigest()


@cache
def _content_hash(file: Path, size: int, changed: int) -> bytes:
    """The hash of a file's content; its size and time of change make a changed file a new one."""
    digest = blake2b()
    with file.open("rb") as content:
        while block := content.read(1 << 24):
            digest.update(block)
    return digest.digest()


def read_verdict(folder: Path) -> Verdict | None:
    """What came of a conversion; None: it was not made, or not completed."""
    try:
        return Verdict(**json.loads((folder / VERDICT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Record what came of a conversion; to be written last."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / VERDICT).write_text(json.dumps(asdict(verdict)), encoding="utf-8")
