"""The calibration of face restoration: spectra of soft faces and the gains that sharpen them.

Training faces of 64 x 64 pixels were blurred or shrunk (``cv2.INTER_AREA``) and enlarged again
(``cv2.INTER_CUBIC``). For every band of DCT frequencies the table holds the mean level, and the two
gains with which the soft face and its reconstruction by the VAE add up to the clean face with the
least squared error. ``python -m training face_vae fit_gains`` fits it for one set of weights and
writes it beside them.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

# Edges of the bands, in half periods over the 64 pixels of a face.
EDGES = (4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64)
BANDS = len(EDGES) - 1
FILE = "calibration.json"


class Softness(NamedTuple):
    """One kind of softness.

    Attributes:
        name: standard deviation of the blur in pixels of the 64 x 64 face, or the side in pixels
            it was shrunk to.
        levels: mean power of each band in dB, relative to the mean of the first two, with a Hann
            window.
        own: gain of the soft face by band.
        network: gain of the VAE's reconstruction by band.
    """

    name: str
    levels: tuple[float, ...]
    own: tuple[float, ...]
    network: tuple[float, ...]


@dataclass(frozen=True)
class FaceCalibration:
    """Values fitted for one set of face VAE weights; stored beside them as ``calibration.json``.

    Attributes:
        clean: levels of clean faces, as in :class:`Softness`.
        blurred: kinds of blur.
        shrunk: kinds of low resolution.
        usual_error: the VAE's squared error over the variance of the face: the 97th percentile of
            degraded training faces.
    """

    clean: tuple[float, ...]
    blurred: tuple[Softness, ...]
    shrunk: tuple[Softness, ...]
    usual_error: float

    def __post_init__(self) -> None:
        kinds = (*self.blurred, *self.shrunk)
        rows = [self.clean, *(row for kind in kinds for row in kind[1:])]
        if not self.blurred or not self.shrunk or any(len(row) != BANDS for row in rows):
            raise ValueError(f"a face calibration needs rows of {BANDS} numbers of both kinds")
        if self.usual_error <= 0:
            raise ValueError(f"usual_error must be above 0, got {self.usual_error}")

    @classmethod
    def read(cls, folder: Path) -> "FaceCalibration | None":
        """The calibration of the weights in a folder; None where there is none.

        Raises:
            ValueError: the file is not a valid calibration.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                tuple(held["clean"]),
                tuple(map(_softness, held["blurred"])),
                tuple(map(_softness, held["shrunk"])),
                float(held["usual_error"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name} is not a calibration of a face VAE: {error}") from error

    def write(self, folder: Path) -> None:
        """Write it beside the weights in ``folder``."""
        held = asdict(self)
        for kind in ("blurred", "shrunk"):
            held[kind] = [row._asdict() for row in getattr(self, kind)]
        lines = [f"{json.dumps(name)}: {_lines(value)}" for name, value in held.items()]
        (folder / FILE).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _softness(row: dict[str, Any]) -> Softness:
    return Softness(row["name"], tuple(row["levels"]), tuple(row["own"]), tuple(row["network"]))


def _lines(value: Any) -> str:
    """JSON with a line for each kind of softness."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"  {json.dumps(row)}" for row in value) + "\n]"
    return json.dumps(value)
