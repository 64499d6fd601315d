"""A batch that was killed, interrupted or ran out of disk goes on by the same command."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

# The command with quick workers in the place of those with models.
COMMAND = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from batch_fakes import Workers
from bgswap.batch import command
command.SwapWorkers = lambda settings, out: Workers(out, Path({log!r}), 0.0, {padding}, {hold})
sys.exit(command.main(sys.argv[1:]))
"""
PHOTOS = 8


class Batch:
    """A folder of photos, and the command on it."""

    def __init__(self, folder: Path, out: Path, padding: int = 0) -> None:
        self.photos, self.out, self.log = folder / "photos", out, folder / "log"
        self.photos.mkdir()
        for number in range(PHOTOS):
            (self.photos / f"{number}.jpg").write_bytes(f"photo {number}".encode())
        self.padding = padding

    def start(
        self, *more: str, limit: int | None = None, hold: int | None = None
    ) -> subprocess.Popen[str]:
        """Begin the command: no file beyond ``limit`` bytes; ``hold`` photos, then it waits."""
        code = COMMAND.format(path=sys.path, log=str(self.log), padding=self.padding, hold=hold)

        def limit_files() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        asked = [str(self.photos), "--out", str(self.out), "--prompt", "snow", "--workers", "2"]
        return subprocess.Popen(
            [sys.executable, "-c", code, *asked, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Looking for GPUs would import torch.
            env=os.environ | {"BGSWAP_DEVICE": "cpu"},
            start_new_session=True,
            preexec_fn=limit_files if limit else None,
        )

    def finish(self, *more: str, limit: int | None = None) -> tuple[int, str, str]:
        process = self.start(*more, limit=limit)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def logged(self, what: str) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.split(" ", 2)[2] for line in lines if line.startswith(what)]

    def wait_for(self, begun: int, ended: int, process: subprocess.Popen[str]) -> None:
        until = time.monotonic() + 60
        while len(self.logged("begin")) < begun or len(self.logged("end")) < ended:
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.01)

    def lines(self) -> list[dict]:
        """The whole lines of the manifest."""
        path = self.out / "manifest.jsonl"
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]

    def results(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.out.glob("*.png"))}

    def leftovers(self) -> list[Path]:
        return list(self.out.rglob("*.partial"))


def gone(process: subprocess.Popen[str]) -> bool:
    """Whether every process of a command has ended, within the seconds that they are given."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 0)
            time.sleep(0.05)
            continue
        return True
    return False


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("unkilled")
    batch = Batch(folder, folder / "out")
    status, output, errors = batch.finish()
    assert (status, len(batch.results())) == (0, PHOTOS), errors
    assert f"{PHOTOS} done (0 before), 0 failed" in output
    assert "8/8" in errors
    return batch.results()


@pytest.mark.parametrize("made", [0, 3, PHOTOS - 1])
def test_a_killed_batch_goes_on_with_what_is_missing(
    tmp_path: Path, unkilled: dict[str, bytes], made: int
) -> None:
    batch = Batch(tmp_path, tmp_path / "out")
    process = batch.start(hold=made)
    batch.wait_for(made + 1, made, process)
    process.kill()
    process.communicate()
    assert gone(process), "workers end with their parent"
    before = {line["output"] for line in batch.lines()}
    begun = Counter(batch.logged("begin"))
    assert len(before) <= made
    status, output, errors = batch.finish()
    assert status == 0, errors
    assert f"{PHOTOS} done ({len(before)} before), 0 failed" in output
    again = Counter(batch.logged("begin")) - begun
    assert set(again) == set(unkilled) - before and set(again.values()) == {1}
    assert batch.results() == unkilled
    assert Counter(line["output"] for line in batch.lines()) == dict.fromkeys(unkilled, 1)
    assert batch.leftovers() == []


def test_a_batch_that_is_done_starts_nothing(tmp_path: Path) -> None:
    batch = Batch(tmp_path, tmp_path / "out")
    batch.finish()
    begun = batch.logged("begin")
    status, output, _ = batch.finish()
    assert status == 0 and f"{PHOTOS} done ({PHOTOS} before)" in output
    assert batch.logged("begin") == begun


def test_any_name_of_a_file_will_do(tmp_path: Path) -> None:
    batch = Batch(tmp_path, tmp_path / "out")
    for name in (b"\xff.jpg", b"two\nlines.jpg", "ü 🏖%20#.jpg".encode(), b"refuse.jpg"):
        (batch.photos / os.fsdecode(name)).write_bytes(name)
    assert batch.finish()[0] == 4
    os.truncate(batch.out / "manifest.jsonl", 0)
    status, output, errors = batch.finish()
    assert status == 4 and f"{PHOTOS + 3} done (0 before), 1 failed" in output, errors
    assert (batch.out / os.fsdecode(b"\xff.png")).is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_batch_ends_cleanly(
    tmp_path: Path, unkilled: dict[str, bytes], number: int
) -> None:
    batch = Batch(tmp_path, tmp_path / "out")
    process = batch.start(hold=2)
    batch.wait_for(3, 2, process)
    # A terminal sends Ctrl-C to the whole group, a scheduler SIGTERM to the command.
    os.killpg(process.pid, number) if number == signal.SIGINT else process.terminate()
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "left: the same command resumes with them" in output and "Traceback" not in errors
    assert gone(process) and batch.leftovers() == []
    assert set(batch.results()) >= {line["output"] for line in batch.lines()}
    assert batch.finish()[0] == 0
    assert batch.results() == unkilled


def test_two_workers_write_what_one_writes(tmp_path: Path, unkilled: dict[str, bytes]) -> None:
    batch = Batch(tmp_path, tmp_path / "out")
    assert batch.finish("--workers", "1")[0] == 0
    assert batch.results() == unkilled


def full_disk_ends_and_goes_on(batch: Batch, unkilled: dict[str, bytes], padding: int) -> None:
    """After the disk was full: what is there is whole; with room the rest follows."""
    for name, content in batch.results().items():
        assert content == unkilled[name] + b"." * padding
    done = {line["output"] for line in batch.lines() if line["status"] == "done"}
    assert done <= set(batch.results()) and len(done) < PHOTOS
    assert batch.leftovers() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_ends_the_batch_and_room_lets_it_go_on(
    tmp_path: Path, small_disk: Path, unkilled: dict[str, bytes]
) -> None:
    padding = 60_000
    batch = Batch(tmp_path, small_disk / "out", padding=padding)
    status, output, errors = batch.finish()
    assert status == 1 and "No space left" in output, errors
    assert "Traceback" not in errors
    full_disk_ends_and_goes_on(batch, unkilled, padding)
    assert 1 <= len(batch.results()) < PHOTOS
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert batch.finish()[0] == 0
    assert batch.results() == {k: v + b"." * padding for k, v in unkilled.items()}


def test_files_that_may_not_be_so_large_end_the_batch(
    tmp_path: Path, unkilled: dict[str, bytes]
) -> None:
    batch = Batch(tmp_path, tmp_path / "out", padding=60_000)
    status, output, errors = batch.finish(limit=20_000)
    assert status == 1 and "3 failures in a row: cannot write" in output, errors
    full_disk_ends_and_goes_on(batch, unkilled, 60_000)
    assert batch.results() == {}
    assert batch.finish()[0] == 0
    assert batch.results() == {k: v + b"." * 60_000 for k, v in unkilled.items()}
