"""A job: one photo, what is asked for it, and the one file that its result goes to."""

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
from bgswap.selection import Choice, named

# Where the batch keeps what it needs itself, below the folder of the results.
OWN_FOLDER = ".bgswap"
# Fields of SwapOptions that shape a scene before any person stands in it.
SCENE_OPTIONS = ("negative_prompt", "seed", "steps", "guidance_scale", "preset")


@dataclass(frozen=True)
class Job:
    """One photo and what is asked for it.

    Attributes:
        path: of the photo, absolute.
        output: of the result, relative to the folder of the results; no other job has it.
        prompt: the scene in words; empty where ``background`` says what stands there.
        background: as :func:`parse_background` reads it, the path of a picture absolute; empty:
            a scene.
        people: who stays, as ``swap`` takes it.
        options: with a seed.
        scene: the picture that all jobs of this scene share, relative to the folder of the
            results; empty: each photo has a scene of its own.
        models: the setting of that name.
        frame: (width, height), the aspect of a shared scene: that of the first photo it is for.
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
        """Of all that the result depends on but the photo's content: 64 hexadecimal digits."""
        asked = {**self.request, "output": self.output, "models": self.models}
        return _digest({**asked, "files": self.files} if any(self.files) else asked)

    @property
    def request(self) -> dict[str, Any]:
        """What is asked for, as a JSON object."""
        return {
            "prompt": self.prompt,
            "background": self.background,
            "people": self.people if isinstance(self.people, str | int) else list(self.people),
            "options": json.loads(json.dumps(asdict(self.options), default=str)),
            "scene": self.scene,
        }


@dataclass(frozen=True)
class Request:
    """What the command asks for where a row says nothing else.

    Attributes:
        prompt: the scene in words.
        background: what else stands behind the people.
        people: who stays.
        options: fields of :class:`SwapOptions` by name.
        same_scene: whether all photos with one prompt get one scene, fitted to each frame.
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
    """The jobs of all rows, each once, in the order of the rows.

    A job without a seed gets one that is derived from its output's name (of a shared scene: from
    what is asked for it), so that a second run makes the same picture.

    Raises:
        BadInput: a row asks for what cannot be; the message names it.
    """
    if request.suffix not in WRITTEN:
        raise BadInput(f"a picture is saved as {', '.join(WRITTEN)}, not as {request.suffix!r}")
    jobs: dict[tuple[str, str], Job] = {}
    for row in rows:
        try:
            job = _job(row, request)
        except BadInput as error:
            raise BadInput(f"{row.where}: {error}" if row.where else str(error)) from None
        # Two rows that ask the same of one photo are one job.
        jobs.setdefault((job.path, job.id), job)
    return _with_frames([_with_seed(job) for job in _with_own_names(list(jobs.values()))])


def _job(row: Row, request: Request) -> Job:
    asked = (row.prompt, row.background)
    prompt, background = asked if any(asked) else (request.prompt, request.background)
    if prompt and background:
        raise BadInput("a photo gets a prompt or a background, not both")
    if background:
        background = _checked_background(background, row.folder, request.suffix)
    else:
        check_prompt(prompt or "")
    people = request.people if row.people is None else row.people
    named(people)
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
    """The background as every worker reads it, wherever that runs.

    Raises:
        BadInput: it is none, its picture cannot be opened, or the results cannot hold it.
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
    asked = {name: getattr(job.options, name) for name in SCENE_OPTIONS}
    return f"{OWN_FOLDER}/scene-{_digest([job.prompt, asked, job.models])[:16]}.png"


def _with_own_names(jobs: list[Job]) -> list[Job]:
    """Jobs whose results would have one name get names of their own, whatever their order."""
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
            # A photo that cannot be read leaves it to the next; its own job says why.
            with suppress(BadInput):
                height, width = open_photo(job.path).shape[:2]
                frames[job.scene] = (width, height)
    return [replace(job, frame=frames.get(job.scene, job.frame)) for job in jobs]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
