"""Where weights come from: disk, the Hub, official files, the starter, and every fault between."""

import json
import shutil
import socket
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
import torch
from hub import Hub
from huggingface_hub import constants, file_download
from safetensors.numpy import save

from bgswap import BadInput, ModelUnavailable, Settings
from bgswap.networks import MaskAutoencoder
from bgswap.weights import WeightStore, official, probe
from bgswap.weights import hub as weights_hub
from bgswap.weights.selection import pipeline_files
from bgswap.weights.sources import Hub as HubSource
from bgswap.weights.sources import Local, Official, parse
from bgswap.weights.store import TITLES

REPO = "someone/masks"


def saved(folder: Path, seed: int) -> MaskAutoencoder:
    torch.manual_seed(seed)
    model = MaskAutoencoder(side=64)
    model.save_pretrained(folder)
    return model


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def same(path: Path, model: MaskAutoencoder) -> bool:
    loaded = MaskAutoencoder.from_pretrained(path).state_dict()
    return all(torch.equal(loaded[key], value) for key, value in model.state_dict().items())


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> tuple[Path, MaskAutoencoder]:
    """A folder with a starter and a full model; the full model."""
    folder = tmp_path_factory.mktemp("models")
    saved(folder / "starter" / "mask-autoencoder", seed=0)
    saved(folder / "starter" / "person-detector", seed=0)
    return folder, saved(folder / "full", seed=1)


@pytest.fixture
def starter(tmp_path: Path, models) -> Path:
    return shutil.copytree(models[0] / "starter", tmp_path / "starter")


@pytest.fixture
def full(tmp_path: Path, models) -> MaskAutoencoder:
    shutil.copytree(models[0] / "full", tmp_path / "full")
    return models[1]


@pytest.fixture
def hub(tmp_path, full, monkeypatch):
    probe.forget()
    with Hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        # huggingface_hub rests for seconds before each further try.
        restless = SimpleNamespace(sleep=lambda seconds: None)
        monkeypatch.setattr(file_download, "time", restless)
        monkeypatch.setattr(huggingface_hub.utils._http, "time", restless)
        files = contents(tmp_path / "full")
        pickles = {"pytorch_model.bin": b"pickle", "model.ckpt": b"pickle"}
        hub.add(REPO, {**files, **pickles})
        yield hub
    probe.forget()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models="auto", mask_autoencoder=REPO, cache=tmp_path / "own", device="cpu")


def test_settings_are_read(tmp_path):
    assert parse("face_vae", "") is None
    assert parse("person_detector", "yolov8x-seg.pt") == Official("yolov8x-seg.pt")
    assert parse("face_vae", "an-owner/a.name") == HubSource("an-owner/a.name")
    assert parse("face_vae", "owner/name@v1.2") == HubSource("owner/name", "v1.2")
    assert parse("face_vae", "owner/name@refs/pr/3") == HubSource("owner/name", "refs/pr/3")
    assert parse("face_vae", str(tmp_path)) == Local(tmp_path)
    assert parse("face_vae", "./not/there") == Local(Path("not/there"))


def test_a_folder_of_that_name_comes_before_the_hub(tmp_path, monkeypatch):
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert parse("face_vae", "owner/name") == Local(Path("owner/name"))


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "a/b/c",
        "owner/../name",
        "owner/na me",
        "owner/name@",
        "owner/name@../../x",
        "-owner/name",
        "owner/na--me",
        "https://example.org/model",
    ],
)
def test_nonsense_is_refused(text):
    with pytest.raises(BadInput, match="BGSWAP_FACE_VAE must be a folder"):
        parse("face_vae", text)


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("person_detector", "my-own.pt"),
        ("person_detector", "yolov8m.pt"),
        ("person_detector", "./folder/yolov8m-seg.pt"),
        ("person_detector", "/yolov8m-seg.pt"),
        ("face_vae", "yolov8m-seg.pt"),
        ("mask_autoencoder", "autoencoder.pth"),
        ("scene_fast", "model.ckpt"),
    ],
)
def test_pickles_from_elsewhere_are_refused(role, text):
    with pytest.raises(BadInput, match="pickle"):
        WeightStore(Settings(**{role: text}))


def test_starter_mode_asks_nobody(hub, settings, starter):
    store = WeightStore(Settings(models="starter", mask_autoencoder=REPO), starter=starter)
    store.start_downloads(["mask_autoencoder"])
    weights = store.get("mask_autoencoder")
    assert (weights.kind, weights.name, weights.note) == ("starter", "starter", "")
    assert weights.path == starter / "mask-autoencoder"
    assert hub.requests == []
    with pytest.raises(ModelUnavailable, match="only the starter models"):
        store.get("scene_fast")


def test_an_empty_setting_is_the_starter_without_a_note(hub, starter):
    weights = WeightStore(Settings(models="full"), starter=starter).get("mask_autoencoder")
    assert (weights.kind, weights.note) == ("starter", "")
    assert hub.requests == []


def test_a_starter_that_is_not_there_is_said(tmp_path):
    store = WeightStore(Settings(models="starter"), starter=tmp_path)
    with pytest.raises(ModelUnavailable, match="starter weights are not whole"):
        store.get("face_vae")


def test_a_folder_is_used(tmp_path, full, starter):
    store = WeightStore(Settings(mask_autoencoder=str(tmp_path / "full")), starter=starter)
    weights = store.get("mask_autoencoder")
    assert (weights.path, weights.kind, weights.note) == (tmp_path / "full", "full", "")


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda folder: shutil.rmtree(folder), "missing"),
        (lambda folder: (folder / "model.safetensors").unlink(), "missing"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "no JSON object"),
        (lambda folder: (folder / "model.safetensors").write_bytes(save({})), "no weights"),
        (lambda folder: cut(folder / "model.safetensors"), "damaged"),
    ],
)
def test_a_damaged_folder_gives_the_starter_and_says_so(tmp_path, full, starter, damage, word):
    damage(tmp_path / "full")
    named = str(tmp_path / "full")
    weights = WeightStore(Settings(mask_autoencoder=named), starter=starter).get("mask_autoencoder")
    assert weights.kind == "starter"
    assert named in weights.note
    assert word in weights.note
    with pytest.raises(ModelUnavailable, match=word):
        WeightStore(Settings(models="full", mask_autoencoder=named)).get("mask_autoencoder")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def test_fetched_once_then_from_the_cache_then_the_starter(hub, settings, starter, full, tmp_path):
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert (weights.name, weights.kind, weights.note) == (REPO, "full", "")
    assert same(weights.path, full)
    assert not [path for _, path in hub.requests if path.endswith((".bin", ".ckpt"))]

    hub.close()
    again = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert again == weights

    shutil.rmtree(tmp_path / "cache")
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert weights.kind == "starter"
    assert REPO in weights.note
    assert "cannot be reached" in weights.note
    assert not same(weights.path, full)


def test_what_is_cached_asks_nobody(hub, settings, starter):
    WeightStore(settings, starter=starter).get("mask_autoencoder")
    hub.requests.clear()
    WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert hub.requests == []


def test_a_revision_is_kept_apart(hub, settings, starter, full, tmp_path):
    repo = hub.repos["models", REPO]
    repo.refs["v1"] = repo.refs["main"]
    other = saved(tmp_path / "other", seed=2)
    hub.add(REPO, contents(tmp_path / "other"))
    at_v1 = Settings(mask_autoencoder=f"{REPO}@v1")
    assert same(WeightStore(at_v1, starter=starter).get("mask_autoencoder").path, full)
    assert same(WeightStore(settings, starter=starter).get("mask_autoencoder").path, other)
    assert same(WeightStore(at_v1, starter=starter).get("mask_autoencoder").path, full)


def impatient(settings: Settings) -> Settings:
    return replace(settings, hub_timeout=0.5)


API, FILE = "GET /api/", "/resolve/.*safetensors"


@pytest.mark.parametrize(
    ("fault", "where", "word"),
    [
        ("404", API, "no such repository"),
        ("401", API, "the Hub answered 401 (is HF_TOKEN right?)"),
        ("500", API, "the Hub answered 500"),
        ("silent", API, "did not answer within 0.5 s"),
        ("404", FILE, "broke off"),
        ("401", FILE, "broke off"),
        ("500", FILE, "the Hub answered 500"),
        ("silent", f"GET .*{FILE}", "broke off"),
        ("silent", f"HEAD .*{FILE}", "broke off"),
        ("cut", FILE, "broke off"),
        ("wrong", FILE, "not what the Hub announced"),
        ("wrong", "/resolve/.*config.json", "not what the Hub announced"),
    ],
)
def test_every_fault_gives_the_starter_and_says_so(
    hub, settings, starter, full, monkeypatch, fault, where, word
):
    hub.strike(fault, where)
    store = WeightStore(
        impatient(settings) if (fault, where) == ("silent", API) else settings, starter=starter
    )
    with monkeypatch.context() as patch:
        if fault == "silent":
            patch.setattr(weights_hub, "STALL", 3.0)
            patch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
        weights = store.get("mask_autoencoder")
    assert not hub.closing.is_set()  # whoever is silent is silent still
    assert weights.path == starter / "mask-autoencoder"
    assert word in weights.note
    assert REPO in weights.note
    status = {one.role: one for one in store.status()}["mask_autoencoder"]
    assert status.state == "failed"
    assert word in status.message

    count = len(hub.requests)
    assert store.get("mask_autoencoder").note == weights.note  # nor is it tried again at once
    assert len(hub.requests) == count

    hub.strike(None)
    probe.forget()
    after = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert after.kind == "full"
    assert same(after.path, full)


def test_a_slow_hub_is_waited_for(hub, settings, starter, full):
    hub.strike("slow", FILE)
    assert same(WeightStore(settings, starter=starter).get("mask_autoencoder").path, full)


def test_a_revision_that_is_not_there(hub, starter):
    settings = Settings(mask_autoencoder=f"{REPO}@v9")
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert "no such revision" in weights.note


def test_a_repository_with_pickles_only(hub, starter):
    hub.add("someone/old", {"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    settings = Settings(mask_autoencoder="someone/old")
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert "no model.safetensors (pickled" in weights.note
    assert not [path for _, path in hub.requests if path.endswith(".bin")]


def test_full_insists(hub, starter):
    hub.strike("500")
    settings = Settings(models="full", mask_autoencoder=REPO)
    with pytest.raises(ModelUnavailable, match=r"Mask autoencoder someone/masks cannot be used"):
        WeightStore(settings, starter=starter).get("mask_autoencoder")


def test_a_silent_host_is_asked_once(hub, settings, starter):
    hub.strike("silent")
    both = replace(impatient(settings), face_vae="someone/faces")
    saved(starter / "face-vae", seed=0)
    store = WeightStore(both, starter=starter)
    assert "did not answer" in store.get("mask_autoencoder").note
    assert "did not answer" in store.get("face_vae").note
    assert len(hub.requests) == 1


def test_a_name_lookup_that_hangs_is_noticed(hub, settings, starter, monkeypatch):
    forever = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: forever.wait())
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    try:
        weights = WeightStore(impatient(settings), starter=starter).get("mask_autoencoder")
        assert not forever.is_set()
    finally:
        forever.set()
    assert "hub.invalid did not answer within 0.5 s" in weights.note


def test_offline_by_setting_asks_nobody(hub, settings, starter, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert "HF_HUB_OFFLINE is set" in weights.note
    assert hub.requests == []


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        lambda path: path.unlink(),
        lambda path: path.resolve().unlink(),
        lambda path: path.write_bytes(b""),
    ],
)
def test_a_damaged_cache_is_fetched_anew(hub, settings, starter, full, damage):
    path = WeightStore(settings, starter=starter).get("mask_autoencoder").path
    damage(path / "model.safetensors")
    assert same(WeightStore(settings, starter=starter).get("mask_autoencoder").path, full)

    damage(path / "model.safetensors")
    hub.close()
    assert WeightStore(settings, starter=starter).get("mask_autoencoder").kind == "starter"


def test_weights_that_vanish_are_fetched_again(hub, settings, starter, full, tmp_path):
    store = WeightStore(settings, starter=starter)
    store.get("mask_autoencoder")
    shutil.rmtree(tmp_path / "cache")
    assert same(store.get("mask_autoencoder").path, full)


def test_the_page_gets_the_starter_at_once_and_the_full_model_later(hub, settings, starter, full):
    gate = threading.Event()
    waiting = hub.faulty
    hub.faulty = lambda method, path: gate.wait(10) and waiting(method, path)
    store = WeightStore(settings, wait=False, starter=starter)
    weights = store.get("mask_autoencoder")
    assert weights.kind == "starter"
    assert "still downloading" in weights.note
    assert state(store) == "downloading"
    gate.set()
    wait_for(lambda: state(store) != "downloading")
    assert state(store) == "ready"
    assert same(store.get("mask_autoencoder").path, full)


def state(store: WeightStore) -> str:
    return {one.role: one.state for one in store.status()}["mask_autoencoder"]


def wait_for(condition) -> None:
    tick = threading.Event()
    for _ in range(1000):
        if condition():
            return
        tick.wait(0.01)
    pytest.fail("it never came")


def test_downloads_started_early_are_joined(hub, settings, starter, full):
    store = WeightStore(settings, starter=starter)
    store.start_downloads(["mask_autoencoder", "face_vae"])
    assert same(store.get("mask_autoencoder").path, full)
    assert len([path for method, path in hub.requests if method == "GET" and "/api/" in path]) == 1


def test_progress_is_told(hub, settings, starter, caplog):
    seen = []
    store = WeightStore(settings, starter=starter)
    faulty = hub.faulty

    def look(method: str, path: str) -> bool:
        seen.append({s.role: s.fraction for s in store.status()}["mask_autoencoder"])
        return faulty(method, path)

    hub.faulty = look
    with caplog.at_level("INFO", logger="bgswap"):
        store.get("mask_autoencoder")
    assert seen[0] is None
    assert all(0 <= fraction <= 1 for fraction in seen if fraction is not None)
    assert f"Mask autoencoder: fetching {REPO}" in caplog.text
    assert "100 %" in caplog.text


def test_weights_that_do_not_fit_are_left(hub, settings, starter):
    store = WeightStore(settings, starter=starter)
    assert store.get("mask_autoencoder").kind == "full"
    store.reject("mask_autoencoder", "the first layer has 3 channels, expected 1")
    assert state(store) == "failed"
    weights = store.get("mask_autoencoder")
    assert weights.kind == "starter"
    assert "cannot be used: the first layer has 3 channels" in weights.note
    store.start_downloads(["mask_autoencoder"])
    assert store.get("mask_autoencoder").kind == "starter"


def test_many_threads_fetch_once(hub, settings, starter, full):
    store = WeightStore(settings, starter=starter)
    results: list[Path] = []
    threads = [
        threading.Thread(target=lambda: results.append(store.get("mask_autoencoder").path))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 1
    assert len([r for r in hub.requests if r[0] == "GET" and r[1].endswith("safetensors")]) == 1


def test_an_unexpected_error_is_logged_and_answered(hub, settings, starter, monkeypatch, caplog):
    def broken(*args: object, **options: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", broken)
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert "something went wrong" in weights.note
    assert "a bug" in caplog.text


def pipeline(names: dict[str, list[str]]) -> dict[str, bytes]:
    """A pipeline's files: each part with a config and weights of these names."""
    index: dict[str, object] = {"_class_name": "SomePipeline", "image_encoder": [None, None]}
    files = {}
    for part, weights in names.items():
        index[part] = ["diffusers", "Some"]
        if weights:
            files[f"{part}/config.json"] = b"{}"
        else:
            files[f"{part}/scheduler_config.json"] = b"{}"
        for name in weights:
            tensor = np.full(5000, len(name), np.float32)
            files[f"{part}/{name}"] = save({"weight": tensor}) if "safe" in name else b"pickle"
    return {"model_index.json": json.dumps(index).encode(), **files}


UNET = [
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.fp16.safetensors",
    "diffusion_pytorch_model.non_ema.safetensors",
    "diffusion_pytorch_model.bin",
]
TEXT = ["model.safetensors", "model.fp16.safetensors", "pytorch_model.bin"]


@pytest.mark.parametrize(("half", "variant"), [(False, ""), (True, "fp16.")])
def test_a_pipeline_takes_one_set_of_weights(half, variant):
    files = pipeline({"unet": UNET, "text_encoder": TEXT, "scheduler": []})
    files |= {"v1-5.safetensors": b"", "v1-5.ckpt": b"", "unused/model.safetensors": b""}
    index = json.loads(files["model_index.json"])
    assert set(pipeline_files(index, set(files), half)) == {
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "text_encoder/config.json",
        f"unet/diffusion_pytorch_model.{variant}safetensors",
        f"text_encoder/model.{variant}safetensors",
    }


def test_a_pipeline_without_safetensors_is_refused():
    files = pipeline({"unet": UNET, "text_encoder": ["pytorch_model.bin"]})
    with pytest.raises(ModelUnavailable, match="text_encoder has no safetensors"):
        pipeline_files(json.loads(files["model_index.json"]), set(files), False)


def test_a_pipeline_is_fetched_whole(hub, tmp_path):
    files = pipeline({"unet": UNET, "text_encoder": TEXT, "scheduler": []})
    hub.add("someone/scenes", files)
    settings = Settings(scene_fast="someone/scenes", device="cpu")
    hub.strike("404", "text_encoder/model")
    with pytest.raises(ModelUnavailable, match="broke off"):
        WeightStore(settings).get("scene_fast")
    hub.strike(None)
    hub.requests.clear()
    weights = WeightStore(settings).get("scene_fast")
    assert (weights.path / "text_encoder" / "model.safetensors").is_file()
    fetched = [path for method, path in hub.requests if method == "GET" and "/resolve/" in path]
    assert len(fetched) == 1  # the rest was there already
    hub.close()
    (weights.path / "scheduler" / "scheduler_config.json").unlink()
    with pytest.raises(ModelUnavailable, match="Fast scene model someone/scenes cannot be used"):
        WeightStore(settings).get("scene_fast")


@pytest.mark.parametrize(
    ("name", "role"), [("inpainting", "scene_fast"), ("sdxl", "scene_quality")]
)
def test_pipelines_as_diffusers_saves_them_come_whole(hub, tmp_path, name, role):
    import tiny

    save_tiny = {"inpainting": tiny.save_inpainting, "sdxl": tiny.save_sdxl}[name]
    files = contents(save_tiny(tmp_path / "tiny"))
    hub.add("someone/tiny", files)
    weights = WeightStore(Settings(**{role: "someone/tiny"}, device="cpu")).get(role)
    assert contents(weights.path) == files


def test_a_lora_is_one_file(hub):
    lora = save({"a": np.zeros(5000, np.float32)})
    hub.add("someone/lora", {"pytorch_lora_weights.safetensors": lora, "x.bin": b""})
    settings = Settings(scene_lora="someone/lora")
    path = WeightStore(settings).get("scene_lora").path
    assert [file.name for file in path.iterdir()] == ["pytorch_lora_weights.safetensors"]


@pytest.fixture
def detector(tmp_path, hub, monkeypatch):
    """Settings for an official file, whose download is a script of our own; a way to set it."""
    monkeypatch.setattr(official, "PROBE", f"{hub.url}/ultralytics/assets")
    good = tmp_path / "good.pt"
    with zipfile.ZipFile(good, "w") as archive:
        archive.writestr("archive/data.pkl", b"x" * 1000)

    def script(code: str) -> Settings:
        text = f"import sys, time, pathlib; data = pathlib.Path({str(good)!r}).read_bytes(); {code}"
        monkeypatch.setattr(official, "_DOWNLOAD", [sys.executable, "-c", text])
        return Settings(person_detector="yolov8n-seg.pt", cache=tmp_path / "own")

    return script


WRITE = "pathlib.Path(sys.argv[1]).write_bytes(data)"


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
        monkeypatch.setattr(official, "STALL", 0.6)
    weights = WeightStore(detector(code), starter=starter).get("person_detector")
    assert weights.kind == "starter"
    assert word in weights.note
    assert list((tmp_path / "own").iterdir()) == []


def test_a_damaged_official_file_is_fetched_anew(detector, starter, tmp_path):
    settings = detector(WRITE)
    path = WeightStore(settings, starter=starter).get("person_detector").path
    cut(path)
    assert WeightStore(settings, starter=starter).get("person_detector").kind == "full"


@pytest.mark.parametrize(("fault", "word"), [("silent", "did not answer within 0.5 s"), (None, "")])
def test_the_host_of_official_files_is_probed(detector, starter, hub, monkeypatch, fault, word):
    settings = impatient(detector(WRITE)) if fault else detector(WRITE)
    hub.strike(fault)
    weights = WeightStore(settings, starter=starter).get("person_detector")
    assert not hub.closing.is_set()
    assert (weights.kind == "full") == (fault is None)  # a 404 is an answer too
    assert word in weights.note


def test_the_host_of_official_files_is_gone(detector, starter, hub):
    settings = detector(WRITE)
    hub.close()
    weights = WeightStore(settings, starter=starter).get("person_detector")
    assert "github.com cannot be reached" in weights.note


def test_every_role_has_a_status(settings, starter):
    status = WeightStore(settings, starter=starter).status()
    assert [one.role for one in status] == list(TITLES)
    assert {one.state for one in status} == {"starter"}
