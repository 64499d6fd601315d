"""Bad inputs that users really send, and how each of three interfaces answers them.

    PYTHONPATH=. .venv/bin/python tests/bad_inputs.py

prints the table of docs/robustness.md, and exits with status 1 if an answer is not clear: one
sentence that names the fault, without a traceback, a class name or a folder of the server.
"""

import io
import json
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bad_input_list import INPUTS, NOBODY, BadInputCase

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
class Answer:
    """How one interface failed (exit status, class of the error; empty: it did not), and why."""

    how: str
    message: str


Interface = Callable[[BadInputCase, Path], Answer]


def photo_file(bad: BadInputCase, folder: Path, valid: Path) -> Path:
    """The photo to send for a bad input: its own, written to ``folder``, or the valid one."""
    if bad.photo is None:
        return valid
    path = folder / bad.photo[0]
    path.write_bytes(bad.photo[1])
    return path


def is_clear(bad: BadInputCase, answer: Answer) -> bool:
    """Whether the answer is one sentence that names the fault."""
    text = answer.message
    one_line = 10 <= len(text) <= LONGEST and "\n" not in text.strip()
    return one_line and not UNCLEAR.search(text) and bad.message in text and bool(answer.how)


def by_python(swapper: BackgroundSwapper, valid: Path) -> Interface:
    """Call :meth:`BackgroundSwapper.swap`."""

    def send(bad: BadInputCase, folder: Path) -> Answer:
        given = {"prompt": PROMPT, "people": "all"} | bad.request
        prompt, people = given.pop("prompt"), given.pop("people")
        try:
            options = SwapOptions(**given)
            swapper.swap(photo_file(bad, folder, valid), prompt, people=people, options=options)
        except BgSwapError as error:
            return Answer(type(error).__name__, str(error))
        return Answer("", "a picture")

    return send


def by_command_line(valid: Path) -> Interface:
    """Run ``python -m bgswap``, in this process."""

    def send(bad: BadInputCase, folder: Path) -> Answer:
        given = {"prompt": PROMPT, "people": "all"} | bad.request
        flags = {"prompt": "--prompt", "people": "--people"}
        flags |= {name: option.flag for name, option in rows(SwapOptions).items()}
        arguments = [f"{flags[name]}={value}" for name, value in given.items()]
        output, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            target = f"--output={folder / 'out.png'}"
            status = cli.main([str(photo_file(bad, folder, valid)), target, *arguments])
        expected = 3 if bad.message == NOBODY else 2
        how = f"exit {status}" if status == expected and not output.getvalue() else ""
        return Answer(how, errors.getvalue().removeprefix("bgswap: ").rstrip("\n"))

    return send


def by_api(address: str, valid: Path, downloads: Path) -> Interface:
    """Call the endpoint ``/replace_background`` of a served app."""
    from gradio_client import Client, handle_file
    from gradio_client.exceptions import AppError, ValidationError

    client = Client(
        address,
        verbose=False,
        download_files=downloads,
        analytics_enabled=False,
        httpx_kwargs={"timeout": 120},
    )

    def send(bad: BadInputCase, folder: Path) -> Answer:
        request = {"prompt": PROMPT} | bad.request
        photo = handle_file(photo_file(bad, folder, valid))
        try:
            client.predict(photo=photo, api_name="/replace_background", **request)
        except ValidationError as error:
            return _without_folders("refused", CLIENTS_OWN.sub("", str(error)))
        except AppError as error:
            return _without_folders("error", str(error))
        except UnicodeEncodeError:
            return _without_folders(*_post(address, valid, request))
        return Answer("", "a picture")

    return send


def _post(address: str, photo: Path, request: dict[str, Any]) -> tuple[str, str]:
    """Send a request that Gradio's own client cannot encode, but others can."""
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
    detail = answer.json()["detail"]
    how = "refused" if 400 <= answer.status_code < 500 else ""
    if isinstance(detail, str):
        return how, detail
    return how, " ".join(v["message"] for v in detail).strip()


def _without_folders(how: str, message: str) -> Answer:
    """The answer, as one that did not fail properly if it names a folder of the server."""
    return Answer("" if FOLDER.search(message) else how, message)


def table(by_case: dict[str, list[Answer]]) -> str:
    """The answers as a Markdown table: how each interface failed, and the message of Python."""
    interfaces = ["command line", "API", "Python"]
    lines = [
        f"| input | {' | '.join(interfaces)} | message |",
        "|---" * (len(interfaces) + 2) + "|",
    ]
    for bad in INPUTS:
        answers = by_case[bad.name]
        cells = [answer.how if is_clear(bad, answer) else "**unclear**" for answer in answers]
        message = json.dumps(answers[-1].message, ensure_ascii=False)[1:-1].replace("|", "\\|")
        lines.append(f"| {bad.name} | {' | '.join(cells)} | {message} |")
    return "\n".join(lines)


def main() -> int:
    """Send all inputs and print the table; returns 1 if an answer is not clear."""
    import tempfile

    from launch import served
    from photos import ZIDANE, starter_swapper

    with tempfile.TemporaryDirectory() as name, served(Path(name)) as app:
        folder = Path(name)
        interfaces = (
            by_command_line(ZIDANE),
            by_api(app.url, ZIDANE, folder),
            by_python(starter_swapper(), ZIDANE),
        )
        by_case = {}
        for bad in INPUTS:
            by_case[bad.name] = [send(bad, folder) for send in interfaces]
            print(bad.name, *by_case[bad.name], file=sys.stderr, flush=True)
    print(table(by_case))
    unclear = [(b.name, a) for b in INPUTS for a in by_case[b.name] if not is_clear(b, a)]
    print(
        f"\n{len(INPUTS)} inputs, three interfaces, {len(unclear)} answers unclear",
        *unclear,
        sep="\n",
    )
    return int(bool(unclear))


if __name__ == "__main__":
    import conftest  # noqa: F401

    sys.exit(main())
