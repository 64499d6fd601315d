"""The detection pipeline: candidates, refined masks, alphas, scores, NMS and the threshold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bgswap.detection.base import Detector, enlarged, left_to_right
from bgswap.detection.mask_nms import mask_nms
from bgswap.detection.search_point import Segment, search_point, split
from bgswap.detection.tiles import TilesConfig, search_tiles, wants_tiles
from bgswap.detection.turned import ADVICE, upright_turn
from bgswap.errors import NoPersonDetected
from bgswap.io.exposure import brightened
from bgswap.io.images import fit_within
from bgswap.types import Box, Person

# Takes people with rough masks; returns them with alphas and scores as masks and confidences.
Alphas = Callable[[np.ndarray, Sequence[Person]], list[Person]]
# Rough masks and boxes to cleaner masks.
Refine = Callable[[Sequence[np.ndarray], Sequence[Box]], list[np.ndarray]]


@dataclass(frozen=True)
class FinderConfig:
    """How candidates become people."""

    # Minimum confidence of a person, in [0, 1]; replaced by the calibration of a scoring matter.
    threshold: float = 0.3
    # Weight of the matter's score in the confidence, a geometric mean with the detector's.
    score_weight: float = 0.0
    # Pixels of the reduced photo in which people are searched; masks are enlarged from there.
    pixels: int = 1_000_000
    # When and how photos are searched in tiles.
    tiles: TilesConfig = field(default_factory=TilesConfig)


class PeopleFinder:
    """A detector, and a network that computes each candidate's alpha and score.

    Args:
        detector: gives candidates.
        alphas: gives candidates the alphas and scores of a scoring matter, for detectors without a
            second stage; None keeps the detector's masks and confidences.
        config: thresholds and sizes.
        refine: the mask autoencoder, which cleans the rough masks; None leaves them.
    """

    def __init__(
        self,
        detector: Detector,
        alphas: Alphas | None = None,
        config: FinderConfig | None = None,
        refine: Refine | None = None,
    ) -> None:
        self.detector, self._alphas, self._refine = detector, alphas, refine
        self.config = config or FinderConfig()

    @classmethod
    def of(
        cls, detector: Detector, refine: Refine | None, matter: object, threshold: float = 0.0
    ) -> "PeopleFinder":
        """A finder from models, with what was calibrated for the matter's weights.

        Args:
            detector: gives candidates.
            refine: cleans their masks.
            matter: judges candidates where it has ``alphas`` and a ``calibration``
                (:class:`bgswap.matting.base.ScoringMatter`).
            threshold: least confidence of a person; 0 leaves it to the calibration.
        """
        alphas, calibration = getattr(matter, "alphas", None), getattr(matter, "calibration", None)
        config = FinderConfig()
        if calibration is not None:
            config = FinderConfig(calibration.threshold, calibration.score_weight)
        if threshold:
            config = replace(config, threshold=threshold)
        return cls(detector, alphas, config, refine)

    def find(self, photo: np.ndarray, tiled: bool = False) -> list[Person]:
        """The people in a photo, numbered from left to right.

        Args:
            photo: (H, W, 3) uint8 RGB.
            tiled: search in tiles for small people; panoramas always are.

        Returns:
            One :class:`Person` each, with an alpha at photo size for a mask.

        Raises:
            NoPersonDetected: no person reaches the threshold.
        """
        threshold, tiles = self.config.threshold, self.config.tiles
        if tiled or wants_tiles(photo.shape, tiles):
            people = search_tiles(brightened(photo), self.candidates, threshold, tiles)
        else:
            judged = self._judged(brightened(fit_within(photo, pixels=self.config.pixels)))
            people = mask_nms(p for p in judged if p.confidence >= threshold)
        if not people:
            raise NoPersonDetected
        return [enlarged(person, photo.shape[:2]) for person in left_to_right(people)]

    def look(self, picture: np.ndarray) -> list[Person]:
        """Rough candidates by one look of the detector, where it has ``look``; may be empty.

        More of them are no people than of those that :meth:`find` gives.
        """
        look: Callable[[np.ndarray], list[Person]]
        look = getattr(self.detector, "look", self.detector.detect)
        return look(brightened(fit_within(picture, pixels=self.config.pixels)))

    def advice(self, photo: np.ndarray, people: Sequence[Person]) -> list[str]:
        """What to do with a photo in which these people were found: a sentence, or nothing."""
        # Brightened only where turned copies are searched: most photos are upright.
        turn = upright_turn(photo, people, lambda copy: self.candidates(brightened(copy)))
        return [ADVICE[turn]] if turn else []

    def find_at(
        self,
        photo: np.ndarray,
        point: tuple[float, float],
        people: Sequence[Person] = (),
        segment: Segment | None = None,
    ) -> Person | None:
        """Who or what is at a point, where nobody was found before: see :func:`search_point`."""
        shown = brightened(photo)
        return search_point(shown, point, people, self.candidates, segment=segment)

    def split(
        self, photo: np.ndarray, person: Person, points: Sequence[tuple[float, float]]
    ) -> list[Person]:
        """The people under one mask, one for each point: see :func:`split`."""
        return split(brightened(photo), person, points, self.candidates)

    def candidates(self, photo: np.ndarray) -> list[Person]:
        """All candidates in a picture (H, W, 3) uint8 RGB, of any confidence."""
        judged = self._judged(fit_within(photo, pixels=self.config.pixels))
        return [enlarged(person, photo.shape[:2]) for person in judged]

    def _judged(self, small: np.ndarray) -> list[Person]:
        """The candidates whose mask is not empty, with the combined confidence of both networks."""
        candidates = judged = self._refined(self.detector.detect(small))
        if not self.detector.judges and self._alphas is not None:
            judged = self._alphas(small, candidates)
        pairs = zip(candidates, judged, strict=True)
        return [replace(p, confidence=self._confidence(c, p)) for c, p in pairs if p.area]

    def _refined(self, people: list[Person]) -> list[Person]:
        if self._refine is None or not people:
            return people
        masks = self._refine([p.mask for p in people], [p.box for p in people])
        return [replace(p, mask=mask) for p, mask in zip(people, masks, strict=True)]

    def _confidence(self, candidate: Person, judged: Person) -> float:
        share = self.config.score_weight
        return candidate.confidence ** (1 - share) * judged.confidence**share
