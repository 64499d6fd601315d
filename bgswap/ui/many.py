"""Several photos with one background, one after the other, and a zip of the results."""

import logging
import time
import unicodedata
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import Any

from bgswap import BgSwapError, Progress, Stopped, SwapOptions, SwapResult
from bgswap.io import metadata
from bgswap.io.encoding import SUFFIXES
from bgswap.io.files import writing_whole
from bgswap.ui.guard import without_folders
from bgswap.ui.many_rows import Row, manifest
from bgswap.ui.service import SwapService
from bgswap.ui.zero_gpu import WENT_WRONG

log = logging.getLogger(__name__)

ZIP, MANIFEST = "swapped.zip", "manifest.csv"
NOT_DONE = "Stopped before it was done"
# Of every file in a zip, so that equal results are equal zips.
DATE = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Step:
    """Where the work stands.

    Attributes:
        photo: of this number, from 1.
        progress: of its swap; None: it is over, and its row is there.
    """

    photo: int
    progress: Progress | None


class Bundle:
    """The photos of one request.

    Args:
        service: what does the work.
        photos: uploaded files.
        prompt: the scene in words.
        people: ``all`` or ``largest``.
        options: the same for every photo; of several variations the best is kept.

    Attributes:
        rows: what became of the photos so far, in their order.
        folder: of the results.
        models: role to weights, of the last photo that is done.
    """

    def __init__(
        self,
        service: SwapService,
        photos: Sequence[Path],
        prompt: str,
        people: str,
        options: SwapOptions,
    ) -> None:
        service.check_steps(options)
        self.photos, self.folder = list(photos), service.folder()
        self.rows: list[Row] = []
        self.models: dict[str, Any] = {}
        self._bench, self._asked = service, (prompt, people, options)
        self._format, self._quality = SUFFIXES[options.format], options.quality

    def run(self, stop: Path) -> Generator[Step, None, None]:
        """Make the results one by one; a photo that fails is a row like any other.

        Args:
            stop: a path; once a file is there the work ends after the present step.

        Raises:
            Stopped: a file appeared at ``stop``; what is done can be packed.
        """
        hold, release = self._bench.sweeper.hold, self._bench.sweeper.release
        options = self._asked[2]
        beside = (options.background_picture, options.keep_mask, options.remove_mask)
        hold(stop.name, "photos", *self.photos, *filter(None, beside), self.folder)
        try:
            for number, photo in enumerate(self.photos, 1):
                for event in self._one(photo, stop):
                    yield Step(number, event)
                yield Step(number, None)
        except Stopped:
            stop.unlink(missing_ok=True)
            rest = self.photos[len(self.rows) :]
            self.rows += [Row(photo.name, error=NOT_DONE) for photo in rest]
            raise
        except GeneratorExit:
            # Left where it is: the swap that still goes on looks for it.
            stop.touch()
            raise
        finally:
            release(stop.name)
        stop.unlink(missing_ok=True)

    def pack(self) -> Path:
        """Move the results into one zip, with a manifest; give its path.

        Raises:
            BadInput: the disk is full.
        """
        path = self._path(ZIP)
        # Pictures do not get smaller by being compressed again.
        with writing_whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
            for name in (row.file for row in self.rows if row.file):
                picture = self.folder / name
                with picture.open("rb") as source, packed.open(_entry(name), "w") as entry:
                    copyfileobj(source, entry)
                picture.unlink()
            packed.writestr(_entry(MANIFEST), manifest(self.rows))
        return path

    def report(self) -> dict[str, Any]:
        """What became of all photos, as a JSON object."""
        done = sum(bool(row.file) for row in self.rows)
        return {
            "photos": [asdict(row) for row in self.rows],
            "done": done,
            "failed": len(self.rows) - done,
            "prompt": self._asked[0],
            "models": self.models,
            "seconds": round(sum(row.seconds for row in self.rows), 2),
        }

    def _one(self, photo: Path, stop: Path) -> Iterator[Progress]:
        """Swap one photo and add its row."""
        start = time.perf_counter()
        try:
            yield from self._swapped(photo, stop)
            return
        except Stopped:
            raise
        except BgSwapError as error:
            reason = without_folders(str(error))
        except Exception:
            log.exception("one of several photos failed")
            reason = WENT_WRONG
        self.rows.append(Row(photo.name, seconds=_since(start), error=reason))

    def _swapped(self, photo: Path, stop: Path) -> Iterator[Progress]:
        start, name = time.perf_counter(), self._free_name(photo.stem)
        # A swap takes its own mark away when it is over, and with a link not the one for all.
        mark = self._bench.stop_mark()
        mark.symlink_to(stop)
        with closing(self._bench.swapping(photo, *self._asked, mark)) as events:
            for event in events:
                if isinstance(event, SwapResult):
                    result = event
                else:
                    yield event
        metadata.save(result.image, self._path(name), result.details, self._quality)
        self.models = result.details["models"]
        self.rows.append(
            Row(
                photo.name,
                name,
                len(result.details["kept"]),
                result.details.get("seed"),
                _since(start),
                list(result.details["notes"]),
            )
        )

    def _path(self, name: str) -> Path:
        # While it is empty, the sweeper may take the folder away.
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self.folder / name

    def _free_name(self, stem: str) -> str:
        """A name that no other result has, on file systems that ignore case and forms too."""
        taken, number = {_folded(row.file) for row in self.rows}, 1
        name = f"{stem}{self._format}"
        while _folded(name) in taken:
            number += 1
            name = f"{stem}-{number}{self._format}"
        return name


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, DATE)
    info.external_attr = 0o644 << 16
    return info


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 2)
