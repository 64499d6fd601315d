"""Jobs: one photo each, with the request for it and the file of its result."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from bgswap import SwapOptions
from bgswap.backgrounds.spec import background_source, parse_background
from bgswap.batch.job_files import Row, absolute
from bgswap.batch.reading import fingerprint
from bgswap.errors import BadInput
from bgswap.io.encoding import WRITTEN
from bgswap.io.images import open_photo
from bgswap.plan import read_mask
from bgswap.prompts import check_prompt
from bgswap.selection import Choice, parse_choice

# Subfolder of the results for the batch's own files.
OWN_FOLDER = ".bgswap"
# Fields of SwapOptions that a shared scene depends on.
SCENE_OPTIONS = ("negative_prompt", "seed", "steps", "guidance_scale", "preset")


@dataclass(frozen=True)
class Job:
    """One photo and the request for it.

    Attributes:
        path: of the photo, absolute.
        output: path of the result, relative to the folder of the results; unique.
        prompt: the scene in words; empty with a ``background``.
        background: as :func:`parse_background` reads it, the path of a picture absolute; empty:
            a scene.
        people: the people to keep, as ``swap`` takes it.
        options: with a seed.
        scene: path of the scene that several jobs share, relative to the folder of the results;
            empty: the photo has its own scene.
        models: the setting of that name.
        frame: (width, height), the aspect ratio of a shared scene: that of its first photo.
        files: SHA-256 of the background's picture and of the masks, where there are any.
    """

    path: str
    output: str
    prompt: str
    background: str
    people: Choice
    options: SwapOptions
    scene: str = ""
    models: str = "auto"
    frame: tuple[int, int] = (3, 2)
    files: tuple[str, ...] = ()

    @cached_property
    def id(self) -> str:
        """Hash of everything the result depends on except the photo's content, hexadecimal."""
        asked = {**self.request, "output": self.output, "models": self.models}
        return _digest({**asked, "files": self.files} if any(self.files) else asked)

    @property
    def request(self) -> dict[str, Any]:
        """The request as a JSON object."""
        return {
            "prompt": self.prompt,
            "background": self.background,
            "people": self.people if isinstance(self.people, str | int) else list(self.people),
            "options": json.loads(json.dumps(asdict(self.options), default=str)),
            "scene": self.scene,
        }


@dataclass(frozen=True)
class Request:
    """The request of the command, for values that a row leaves out.

    Attributes:
        prompt: the scene in words.
        background: a background other than a scene.
        people: the people to keep.
        options: fields of :class:`SwapOptions` by name.
        same_scene: whether photos with the same prompt share a scene, cropped to each aspect ratio.
        suffix: of the results, one of ``WRITTEN``.
        models: the setting of that name.
    """

    prompt: str | None = None
    background: str | None = None
    people: Choice = "all"
    options: Mapping[str, Any] | None = None
    same_scene: bool = False
    suffix: str = ".png"
    models: str = "auto"


def plan(rows: Sequence[Row], request: Request) -> list[Job]:
    """The jobs of all rows, without duplicates, in the order of the rows.

    A job without a seed gets one derived from its output's name (with a shared scene: from its
    request), so that a second run gives the same picture.

    Raises:
        BadInput: a row has an invalid request; the message names it.
    """
    if request.suffix not in WRITTEN:
        raise BadInput(f"a picture is saved as {', '.join(WRITTEN)}, not as {request.suffix!r}")
    jobs: dict[tuple[str, str], Job] = {}
    for row in rows:
        try:
            job = _job(row, request)
        except BadInput as error:
            raise BadInput(f"{row.where}: {error}" if row.where else str(error)) from None
        # Two rows with the same photo and request are one job.
        jobs.setdefault((job.path, job.id), job)
    return _with_frames([_with_seed(job) for job in _with_own_names(list(jobs.values()))])


def _job(row: Row, request: Request) -> Job:
    own = (row.prompt, row.background)
    prompt, background = own if any(own) else (request.prompt, request.background)
    if prompt and background:
        raise BadInput("a photo gets a prompt or a background, not both")
    if background:
        background = _checked_background(background, row.folder, request.suffix)
    else:
        check_prompt(prompt or "")
    people = request.people if row.people is None else row.people
    parse_choice(people)
    options = SwapOptions(**absolute(request.options or {}, Path()) | dict(row.options or {}))
    job = Job(
        str(row.photo.path),
        row.photo.name.with_suffix(request.suffix).as_posix(),
        prompt or "",
        background or "",
        people,
        options,
        models=request.models,
        files=_files(background, options),
    )
    return replace(job, scene=_scene_file(job)) if request.same_scene and prompt else job


def _checked_background(text: str, folder: Path, suffix: str) -> str:
    """The background with an absolute path, so that all workers read the same.

    Raises:
        BadInput: it is invalid, its picture cannot be opened, or the results' format cannot hold
            it.
    """
    spec = parse_background(text, may_name_file=True)
    if spec.path is not None:
        text = str((folder / spec.path.expanduser()).absolute())
        _open_once(text)
    if spec.kind == "transparent" and WRITTEN[suffix] == "JPEG":
        raise BadInput("JPEG has no transparency: ask for another format")
    return text


@lru_cache(maxsize=1024)
def _open_once(text: str) -> None:
    background_source(parse_background(text, may_name_file=True))


def _files(background: str | None, options: SwapOptions) -> tuple[str, ...]:
    """SHA-256 of the files that a result depends on beside the photo.

    Raises:
        BadInput: a mask cannot be opened.
    """
    for name, mask in (("keep", options.keep_mask), ("remove", options.remove_mask)):
        if mask is not None:
            _open_mask_once(name, mask)
    picture = parse_background(background, may_name_file=True).path if background else None
    named = (picture, options.keep_mask, options.remove_mask)
    return tuple(_sha256(path, path.stat().st_mtime_ns) if path else "" for path in named)


@lru_cache(maxsize=1024)
def _open_mask_once(name: str, path: Path) -> None:
    read_mask(name, path)


@lru_cache(maxsize=1024)
def _sha256(path: Path, modified: int) -> str:
    """Of a file's content; ``modified``, its time, lets a changed file be read again."""
    return fingerprint(path.read_bytes())


def _scene_file(job: Job) -> str:
    options = {name: getattr(job.options, name) for name in SCENE_OPTIONS}
    return f"{OWN_FOLDER}/scene-{_digest([job.prompt, options, job.models])[:16]}.png"


def _with_own_names(jobs: list[Job]) -> list[Job]:
    """Make output names unique by appending a hash; independent of the order of the jobs."""
    for digits in (8, 16, 64):
        taken = Counter(job.output.casefold() for job in jobs)
        if max(taken.values(), default=1) == 1:
            return jobs
        jobs = [
            replace(job, output=_longer_name(job, digits))
            if taken[job.output.casefold()] > 1
            else job
            for job in jobs
        ]
    return jobs


def _longer_name(job: Job, digits: int) -> str:
    output = Path(job.output)
    tail = _digest([job.path, job.id])[:digits]
    return output.with_name(f"{output.stem}-{tail}{output.suffix}").as_posix()


def _with_seed(job: Job) -> Job:
    if job.options.seed is not None or job.background:
        return job
    seed = int(_digest(job.scene or job.output)[:8], 16)
    return replace(job, options=replace(job.options, seed=seed))


def _with_frames(jobs: list[Job]) -> list[Job]:
    frames: dict[str, tuple[int, int]] = {}
    for job in jobs:
        if job.scene and job.scene not in frames:
            # Where a photo cannot be read the next one is taken; its own job reports the error.
            with suppress(BadInput):
                height, width = open_photo(job.path).shape[:2]
                frames[job.scene] = (width, height)
    return [replace(job, frame=frames.get(job.scene, job.frame)) for job in jobs]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
