"""The official detector files: fetched by ultralytics in a process of its own, and checked."""

import sys
import zipfile
from dataclasses import replace

import pytest
from mask_model import cut

from bgswap import Settings
from bgswap.models import WeightStore, official

WRITE = "pathlib.Path(sys.argv[1]).write_bytes(data)"


@pytest.fixture
def detector(tmp_path, hub, monkeypatch):
    """Settings for an official file, whose download is a script of our own; a way to set it."""
    monkeypatch.setattr(official, "PROBE_URL", f"{hub.url}/ultralytics/assets")
    good = tmp_path / "good.pt"
    with zipfile.ZipFile(good, "w") as archive:
        archive.writestr("archive/data.pkl", b"x" * 1000)

    def script(code: str) -> Settings:
        text = f"import sys, time, pathlib; data = pathlib.Path({str(good)!r}).read_bytes(); {code}"
        monkeypatch.setattr(official, "_DOWNLOAD", [sys.executable, "-c", text])
        return Settings(person_detector="yolov8n-seg.pt", cache=tmp_path / "own")

    return script


def test_an_official_file_is_fetched_and_kept(detector, starter, hub, tmp_path):
    settings = detector(WRITE)
    weights = WeightStore(settings, starter=starter).get("person_detector")
    assert weights.path == tmp_path / "own" / "yolov8n-seg.pt"
    assert (weights.name, weights.kind) == ("yolov8n-seg.pt", "full")
    hub.close()
    detector("sys.exit(1)")
    assert WeightStore(settings, starter=starter).get("person_detector") == weights


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (WRITE.replace("data", "data[:-50]"), "damaged"),
        (WRITE.replace("data", "data.replace(b'xx', b'yy')"), "damaged at archive/data.pkl"),
        (f"{WRITE.replace('data', 'data[:50]')}; time.sleep(60)", "nothing came for 0.6 s"),
        ("sys.exit('no such asset')", "no such asset"),
        ("pass", "the download failed"),
    ],
)
def test_an_official_file_comes_whole_or_not_at_all(
    detector, starter, tmp_path, monkeypatch, code, word
):
    if "sleep" in code:
        monkeypatch.setattr(official, "STALL_TIMEOUT", 0.6)
    weights = WeightStore(detector(code), starter=starter).get("person_detector")
    assert weights.kind == "starter"
    assert word in weights.note
    assert list((tmp_path / "own").iterdir()) == []


def test_a_download_that_goes_on_is_not_ended(detector, starter, monkeypatch):
    monkeypatch.setattr(official, "STALL_TIMEOUT", 3.0)
    slow = "f = pathlib.Path(sys.argv[1]).open('ab', buffering=0)\n" + (
        "for at in range(0, len(data), 1 + len(data) // 20):\n"
        "    f.write(data[at : at + 1 + len(data) // 20]); time.sleep(0.3)"
    )
    assert (
        WeightStore(detector(f"0\n{slow}"), starter=starter).get("person_detector").kind == "full"
    )


def test_a_damaged_official_file_is_fetched_again(detector, starter, tmp_path):
    settings = detector(WRITE)
    path = WeightStore(settings, starter=starter).get("person_detector").path
    cut(path)
    assert WeightStore(settings, starter=starter).get("person_detector").kind == "full"


@pytest.mark.parametrize(("fault", "word"), [("silent", "did not answer within 0.5 s"), (None, "")])
def test_the_host_of_official_files_is_probed(detector, starter, hub, monkeypatch, fault, word):
    settings = replace(detector(WRITE), hub_timeout=0.5) if fault else detector(WRITE)
    hub.strike(fault)
    weights = WeightStore(settings, starter=starter).get("person_detector")
    assert not hub.closing.is_set()
    assert (weights.kind == "full") == (fault is None)  # a 404 is an answer too
    assert word in weights.note


def test_the_host_of_official_files_is_gone(detector, starter, hub):
    settings = detector(WRITE)
    hub.close()
    weights = WeightStore(settings, starter=starter).get("person_detector")
    assert "127.0.0.1" in weights.note and "cannot be reached" in weights.note
