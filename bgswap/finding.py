"""The people in a photo: detected, passed in from an earlier call, or painted by hand."""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from bgswap.errors import NoPersonDetected
from bgswap.models.manager import ModelManager
from bgswap.report import Report
from bgswap.types import Cutout, Person, Strokes

Known = Cutout | Sequence[Person]


def people_in(
    picture: np.ndarray, models: ModelManager, report: Report, strokes: Strokes, known: Known | None
) -> list[Person]:
    """All people in a photo, in the order of their numbers; people added by strokes come last.

    Args:
        picture: (H, W, 3) uint8 RGB.
        models: the detector, the mask autoencoder and the matter.
        report: collects the models used, notes and the time.
        strokes: painted corrections.
        known: the result of an earlier detection; detection is skipped then.

    Raises:
        BadInput: the strokes do not fit the photo.
        NoPersonDetected: nobody was detected or painted.
    """
    from bgswap.matting.corrections import stroke_mask
    from bgswap.matting.painted_people import painted_people

    for name, mask in (("keep", strokes.keep), ("remove", strokes.remove)):
        if mask is not None:
            stroke_mask(name, mask, picture.shape[:2])
    with report.stage("find"):
        advice: list[str] = []
        if isinstance(known, Cutout):
            found = known.people
            report.models |= known.models
        else:
            report.used("people", models.detector())
            report.used("mask_autoencoder", models.refiner())
            report.used("matting", models.matter())
            found = list(known or [])
        if known is None:
            finder = models.finder()
            with suppress(NoPersonDetected):
                found = finder.find(picture)
            advice = finder.advice(picture, found)
        found = [*found, *painted_people(picture, found, strokes.keep)]
        if not found:
            raise NoPersonDetected(". ".join(["No person detected", *advice]))
        report.note(*advice)
        return found
