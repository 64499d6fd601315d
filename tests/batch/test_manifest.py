"""The manifest: whole lines only, the last of an output holds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bgswap.batch.inputs import Found
from bgswap.batch.job_files import Row
from bgswap.batch.jobs import Job, Request, plan
from bgswap.batch.manifest import CannotRecord, Manifest, Outcome, Status, remove_partial_files
from bgswap.batch.reading import fingerprint
from bgswap.errors import BadInput


@pytest.fixture
def job(tmp_path: Path) -> Job:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"a photo")
    return plan([Row(Found(photo, Path("a.jpg")))], Request("snow"))[0]


def outcome(job: Job, status: Status = "done") -> Outcome:
    photo = Path(job.path)
    found = photo.stat()
    digest = fingerprint(photo.read_bytes())
    return Outcome.of(job, status, size=found.st_size, modified=found.st_mtime_ns, sha256=digest)


def test_a_line_has_what_was_asked_and_what_became_of_it(tmp_path: Path, job: Job) -> None:
    with Manifest(tmp_path / "out") as manifest:
        manifest.append(outcome(job))
    (line,) = map(json.loads, manifest.path.read_text().splitlines())
    keys = {"path", "size", "sha256", "options", "seed", "status", "seconds", "notes", "error"}
    assert keys <= set(line)
    assert line["prompt"] == "snow" and line["options"]["seed"] == job.options.seed


@pytest.mark.parametrize(
    ("status", "settled"), [("done", True), ("refused", True), ("failed", False)]
)
def test_finished_jobs_stay_finished_after_reopening(
    tmp_path: Path, job: Job, status: Status, settled: bool
) -> None:
    out = tmp_path / "out"
    with Manifest(out) as manifest:
        (out / job.output).touch()
        manifest.append(outcome(job, status))
        assert (manifest.settled(job) is not None) is settled
    with Manifest(out) as manifest:
        assert (manifest.settled(job) is not None) is settled


def test_the_last_line_holds(tmp_path: Path, job: Job) -> None:
    with Manifest(tmp_path / "out") as manifest:
        (manifest.out / job.output).touch()
        for status in ("failed", "done"):
            manifest.append(outcome(job, status))
    with Manifest(tmp_path / "out") as manifest:
        assert manifest.settled(job).status == "done"


def test_a_changed_photo_or_a_result_that_is_gone_is_to_be_done(tmp_path: Path, job: Job) -> None:
    photo, result = Path(job.path), tmp_path / "out" / job.output
    with Manifest(tmp_path / "out") as manifest:
        result.touch()
        manifest.append(outcome(job))
        os.utime(photo, ns=(1, 1))
        assert manifest.settled(job), "only its time has changed"
        photo.write_bytes(b"b photo")
        assert not manifest.settled(job)
        photo.write_bytes(b"a photo")
        assert manifest.settled(job)
        result.unlink()
        assert not manifest.settled(job)


@pytest.mark.parametrize("rest", [b'{"job": "cut o', b'{"job": "x"}', b"\0\0\0\0"])
def test_a_line_that_was_cut_off_is_taken_away(tmp_path: Path, job: Job, rest: bytes) -> None:
    with Manifest(tmp_path / "out") as manifest:
        manifest.append(outcome(job, "refused"))
    whole = manifest.path.read_bytes()
    manifest.path.write_bytes(whole + rest)
    with Manifest(tmp_path / "out") as manifest:
        assert manifest.path.read_bytes() == whole
        assert manifest.settled(job)
        manifest.append(outcome(job, "failed"))
    assert len(manifest.path.read_text().splitlines()) == 2


def test_another_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    text = b"our own list\nof other things\n"
    (tmp_path / "manifest.jsonl").write_bytes(text)
    with pytest.raises(BadInput, match="is not the manifest"):
        Manifest(tmp_path)
    assert (tmp_path / "manifest.jsonl").read_bytes() == text


def test_one_batch_at_a_time(tmp_path: Path) -> None:
    with Manifest(tmp_path), pytest.raises(BadInput, match="another batch"):
        Manifest(tmp_path)
    Manifest(tmp_path).__exit__(None, None, None)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be written to"):
        Manifest(tmp_path / "file" / "out")


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, job: Job) -> None:
    code = f"""
import resource, signal, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from bgswap.batch.manifest import CannotRecord, Manifest, Outcome
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with Manifest(Path({str(tmp_path / "out")!r})) as manifest:
    outcome = Outcome("job", "path", "output", {{"prompt": "snow"}}, "refused")
    try:
        for _ in range(10): manifest.append(outcome)
    except CannotRecord as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cannot write" in done.stdout and issubclass(CannotRecord, Exception)
    lines = (tmp_path / "out" / "manifest.jsonl").read_text().splitlines(keepends=True)
    assert 1 <= len(lines) < 10
    assert all(json.loads(line)["status"] == "refused" and line[-1] == "\n" for line in lines)


def test_a_file_that_was_never_claimed_is_somebodys(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.png").symlink_to("nowhere")
    with Manifest(tmp_path) as manifest:
        manifest.claim(["a.png"])
        (tmp_path / "a.png").touch()
        manifest.claim(["a.png", "c.png"])
        with pytest.raises(BadInput, match=r"sub/b\.png exists and is not the result"):
            manifest.claim(["a.png", "sub/b.png"])
    with Manifest(tmp_path) as manifest:
        manifest.claim(["a.png", "c.png"])
        (tmp_path / "sub/b.png").unlink()
        manifest.claim(["sub/b.png"])


def test_half_written_files_go_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    half = tmp_path / "sub" / f".{'0a' * 16}.partial"
    other = tmp_path / ".mine.partial"
    half.touch(), other.touch()
    remove_partial_files(tmp_path)
    assert not half.exists() and other.exists()
