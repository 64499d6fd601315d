"""What people really send: 45 bad inputs, and what each of three ways in answers.

    PYTHONPATH=. .venv/bin/python tests/bad_inputs.py

prints the table of docs/robustness.md and ends with 1 where an answer is not clear. Clear is one
sentence that says what is wrong: no traceback, no class name, no folder of the server.
"""

import io
import json
import re
import struct
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pictures import png
from PIL import Image

from bgswap import BackgroundSwapper, BgSwapError, SwapOptions, cli
from bgswap.options import rows

PROMPT = "a forest"
UNCLEAR = re.compile(
    r"Traceback|went wrong|Error\b|<class|object at 0x|\bNone\b|\{|upstream Gradio"
)
FOLDER = re.compile(r"(?<![\w.:/<])/(?:tmp|home|root|usr|var|opt|work|srv)/")
# What Gradio's client puts before the server's sentence about one parameter.
CLIENTS_OWN = re.compile(r"^1 parameter\(s\) failed validation:\n- \w+: ")
LONGEST = 300


@dataclass(frozen=True)
class Bad:
    """One bad input: everything but what it names is well.

    Attributes:
        name: what it is, for the table.
        photo: the bytes of the file, and its name; None: the photo that is well.
        said: a part of the sentence that every way in must say.
        request: of prompt, people and options what is not well.
    """

    name: str
    said: str
    photo: tuple[str, bytes] | None = None
    request: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What one way in said, and how: an exit status, a class of errors, or nothing."""

    how: str
    said: str


Way = Callable[[Bad, Path], Answer]


def encoded(kind: str, size: tuple[int, int] = (200, 150), **options: Any) -> bytes:
    file, noise = io.BytesIO(), np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(noise).save(file, kind, **options)
    return file.getvalue()


def half(kind: str) -> bytes:
    """The first half of a picture file."""
    whole = encoded(kind)
    return whole[: len(whole) // 2]


def plain(width: int, height: int, level: int = 128) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (level, level, level)).save(file, "PNG")
    return file.getvalue()


NO_PICTURE, DAMAGED, NOBODY = "is no picture", "is damaged or cut off", "No person detected"
FILES = [
    Bad("a text called .jpg", NO_PICTURE, ("notes.jpg", b"Dear diary, today ...")),
    Bad("an empty file", NO_PICTURE, ("empty.png", b"")),
    Bad("a web page", NO_PICTURE, ("page.jpg", b"<!doctype html><html><body>404</body></html>")),
    Bad("a PDF", NO_PICTURE, ("scan.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n")),
    Bad("an SVG", NO_PICTURE, ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")),
    Bad("a video", NO_PICTURE, ("clip.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" * 9)),
    Bad("an archive", NO_PICTURE, ("photos.zip", b"PK\3\4\x14\0\0\0\0\0" + bytes(90))),
    Bad("a Photoshop file", NO_PICTURE, ("art.psd", b"8BPS\0\1" + bytes(200))),
    Bad("an EPS", NO_PICTURE, ("art.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")),
    Bad("an icon", NO_PICTURE, ("icon.ico", encoded("ICO", (64, 64)))),
    Bad("a JPEG cut off", DAMAGED, ("cut.jpg", half("JPEG"))),
    Bad("a PNG cut off", DAMAGED, ("cut.png", half("PNG"))),
    Bad("a WebP cut off", "", ("cut.webp", half("WEBP"))),
    Bad("a GIF cut off", DAMAGED, ("cut.gif", half("GIF"))),
    Bad("a TIFF cut off", "", ("cut.tiff", half("TIFF"))),
    Bad("a BMP cut off", DAMAGED, ("cut.bmp", half("BMP"))),
    Bad("a PNG of its first bytes", NO_PICTURE, ("start.png", b"\x89PNG\r\n\x1a\n")),
    Bad("HEIC of zeros", NO_PICTURE, ("x.heic", struct.pack(">I", 24) + b"ftypheic" + bytes(99))),
    Bad("a bomb of pixels", "megapixels at most", ("bomb.png", png(60_000, 60_000, 8, 2, b""))),
    Bad("42 megapixels", "megapixels at most", ("large.png", plain(7000, 6000))),
    Bad("8 pixels a side", "32 pixels a side at least", ("tiny.png", plain(8, 8))),
    Bad("a line", "32 pixels a side at least", ("line.png", plain(2000, 5))),
    Bad("nobody there", NOBODY, ("grey.png", plain(320, 240))),
    Bad("all black", NOBODY, ("black.png", plain(320, 240, 0))),
]
WORDS = [
    Bad("no words", "Describe the scene", request={"prompt": ""}),
    Bad("blanks", "Describe the scene", request={"prompt": " \t "}),
    Bad("characters of no width", "Describe the scene", request={"prompt": "\u200b\u2060"}),
    Bad("1001 characters", "1000 characters at most", request={"prompt": "x" * 1001}),
    Bad("half a character", "half a character", request={"prompt": "a \ud83d forest"}),
    Bad("a novel not to show", "at most", request={"negative_prompt": "x" * 5000}),
]
PEOPLE = [
    Bad("nobody stays", "people must be", request={"people": ""}),
    Bad("everybody", "people must be", request={"people": "everybody"}),
    Bad("person 99", "There is no person 99", request={"people": "99"}),
    Bad("person 0", "There is no person 0", request={"people": "0"}),
    Bad("person 1.5", "people must be", request={"people": "1.5"}),
]
VALUES = [
    Bad("0 steps", "steps must be", request={"steps": 0}),
    Bad("many steps", "steps", request={"steps": "many"}),
    Bad("a negative seed", "seed must be", request={"seed": -1}),
    Bad("a seed of 33 bits", "seed must be", request={"seed": 2**32}),
    Bad("9 variations", "variations must be", request={"variations": 9}),
    Bad("150 % of light", "light must be", request={"light": 1.5}),
    Bad("an unknown preset", "preset", request={"preset": "best"}),
    Bad("a color that is none", "background", request={"background": "#12345"}),
    Bad("a shape that is none", "aspect", request={"aspect": "5:0"}),
    Bad("a size that is none", "size", request={"size": "wide"}),
]
INPUTS = [*FILES, *WORDS, *PEOPLE, *VALUES]


def saved(bad: Bad, folder: Path, well: Path) -> Path:
    """The file of a bad input."""
    if bad.photo is None:
        return well
    path = folder / bad.photo[0]
    path.write_bytes(bad.photo[1])
    return path


def clear(bad: Bad, answer: Answer) -> bool:
    """Whether an answer is one sentence that says what is wrong."""
    said = answer.said
    one_line = 10 <= len(said) <= LONGEST and "\n" not in said.strip()
    return one_line and not UNCLEAR.search(said) and bad.said in said and bool(answer.how)


def by_python(swapper: BackgroundSwapper, well: Path) -> Way:
    """Ask :meth:`BackgroundSwapper.swap`."""

    def ask(bad: Bad, folder: Path) -> Answer:
        given = {"prompt": PROMPT, "people": "all"} | bad.request
        prompt, people = given.pop("prompt"), given.pop("people")
        try:
            options = SwapOptions(**given)
            swapper.swap(saved(bad, folder, well), prompt, people=people, options=options)
        except BgSwapError as error:
            return Answer(type(error).__name__, str(error))
        return Answer("", "a picture")

    return ask


def by_command_line(well: Path) -> Way:
    """Ask ``python -m bgswap``, in this process."""

    def ask(bad: Bad, folder: Path) -> Answer:
        given = {"prompt": PROMPT, "people": "all"} | bad.request
        flags = {"prompt": "--prompt", "people": "--people"}
        flags |= {name: option.flag for name, option in rows(SwapOptions).items()}
        arguments = [f"{flags[name]}={value}" for name, value in given.items()]
        output, said = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(said):
            target = f"--output={folder / 'out.png'}"
            status = cli.main([str(saved(bad, folder, well)), target, *arguments])
        expected = 3 if bad.said == NOBODY else 2
        how = f"exit {status}" if status == expected and not output.getvalue() else ""
        return Answer(how, said.getvalue().removeprefix("bgswap: ").rstrip("\n"))

    return ask


def by_api(address: str, well: Path, downloads: Path) -> Way:
    """Ask the endpoint ``/replace_background`` of a served app."""
    from gradio_client import Client, handle_file
    from gradio_client.exceptions import AppError, ValidationError

    client = Client(
        address,
        verbose=False,
        download_files=downloads,
        analytics_enabled=False,
        httpx_kwargs={"timeout": 120},
    )

    def ask(bad: Bad, folder: Path) -> Answer:
        request = {"prompt": PROMPT} | bad.request
        photo = handle_file(saved(bad, folder, well))
        try:
            client.predict(photo=photo, api_name="/replace_background", **request)
        except ValidationError as error:
            return _without_folders("refused", CLIENTS_OWN.sub("", str(error)))
        except AppError as error:
            return _without_folders("error", str(error))
        except UnicodeEncodeError:
            return _without_folders(*_posted(address, well, request))
        return Answer("", "a picture")

    return ask


def _posted(address: str, photo: Path, request: dict[str, Any]) -> tuple[str, str]:
    """What is said to a request that Gradio's own client cannot write, but others can."""
    import httpx

    files = {"files": (photo.name, photo.read_bytes())}
    sent = httpx.post(f"{address}gradio_api/upload", files=files, timeout=120).json()
    body = {"photo": {"path": sent[0], "meta": {"_type": "gradio.FileData"}}} | request
    answer = httpx.post(
        f"{address}gradio_api/call/v2/replace_background",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
        timeout=120,
    )
    said = answer.json()["detail"]
    how = "refused" if 400 <= answer.status_code < 500 else ""
    return how, said if isinstance(said, str) else " ".join(v["message"] for v in said).strip()


def _without_folders(how: str, said: str) -> Answer:
    return Answer("" if FOLDER.search(said) else how, said)


def table(asked: dict[str, list[Answer]]) -> str:
    """The answers as a Markdown table: each input, what each way in did, and what Python said."""
    ways = ["command line", "API", "Python"]
    lines = [f"| input | {' | '.join(ways)} | said |", "|---" * (len(ways) + 2) + "|"]
    for bad in INPUTS:
        answers = asked[bad.name]
        cells = [answer.how if clear(bad, answer) else "**unclear**" for answer in answers]
        said = json.dumps(answers[-1].said, ensure_ascii=False)[1:-1].replace("|", "\\|")
        lines.append(f"| {bad.name} | {' | '.join(cells)} | {said} |")
    return "\n".join(lines)


def main() -> int:
    """Ask all, print the table; 1 where an answer is not clear."""
    import tempfile

    from launch import served
    from photos import ZIDANE, starter_swapper

    with tempfile.TemporaryDirectory() as name, served(Path(name)) as app:
        folder = Path(name)
        ways = (
            by_command_line(ZIDANE),
            by_api(app.url, ZIDANE, folder),
            by_python(starter_swapper(), ZIDANE),
        )
        asked = {}
        for bad in INPUTS:
            asked[bad.name] = [ask(bad, folder) for ask in ways]
            print(bad.name, *asked[bad.name], file=sys.stderr, flush=True)
    print(table(asked))
    unclear = [(b.name, a) for b in INPUTS for a in asked[b.name] if not clear(b, a)]
    print(
        f"\n{len(INPUTS)} inputs, three ways in, {len(unclear)} answers unclear", *unclear, sep="\n"
    )
    return int(bool(unclear))


if __name__ == "__main__":
    import conftest  # noqa: F401

    sys.exit(main())
