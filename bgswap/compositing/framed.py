"""A cut-out placed in an output frame."""

from dataclasses import replace

from bgswap.compositing.extent import people_extent
from bgswap.compositing.frame import Frame
from bgswap.compositing.frame_options import FrameOptions
from bgswap.compositing.framing import fit_frame
from bgswap.compositing.placement import place_alpha, place_people, place_photo
from bgswap.types import Cutout, Person


def frame_for(cutout: Cutout, options: FrameOptions) -> Frame:
    """The frame that the options request for the kept people.

    Raises:
        BadInput: it would crop a person.
    """
    return fit_frame(people_extent(cutout.alpha), options)


def framed(cutout: Cutout, frame: Frame) -> Cutout:
    """The cut-out placed in the frame; unchanged where the frame is the photo."""
    if frame.is_photo:
        return cutout
    people, alpha = place_people(cutout.foreground, cutout.alpha, frame)

    def placed(person: Person) -> Person:
        scale = frame.scale
        x0, y0, x1, y1 = (v * scale for v in person.box)
        box = (x0 + frame.left, y0 + frame.top, x1 + frame.left, y1 + frame.top)
        whole = Person(person.number, box, person.confidence, place_alpha(person.mask, frame))
        return replace(whole, painted=person.painted)

    return Cutout(
        place_photo(cutout.photo, frame),
        tuple(map(placed, cutout.kept)),
        tuple(map(placed, cutout.others)),
        (),
        alpha,
        people,
    )
