"""Publishing for real, to a Hub on loopback, and the way back into the program."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import EvalResult, HfApi, ModelCard, ModelCardData
from safetensors.torch import load_file

from bgswap import Settings
from bgswap.models import WeightStore
from bgswap.networks import MaskAutoencoder
from training import push

REPO = "someone/masks"


def model_folder(folder: Path, seed: int, side: int = 64) -> Path:
    torch.manual_seed(seed)
    MaskAutoencoder(side).save_pretrained(folder)
    result = EvalResult("image-segmentation", "people", "People", "iou", 0.9)
    data = ModelCardData(
        license="mit",
        library_name="bgswap",
        tags=["masks"],
        model_name="masks",
        eval_results=[result],
    )
    ModelCard(f"---\n{data.to_yaml()}\n---\n# Masks\n").save(folder / "README.md")
    return folder


def test_there_and_back_again(hub, tmp_path, capsys):
    folder = model_folder(tmp_path / "trained", seed=1)
    starter = tmp_path / "starter"
    model_folder(starter / "mask-autoencoder", seed=2)

    assert push.main(["mask-autoencoder", "--repo", REPO, "--folder", str(folder)]) == 0
    setting, _, name = capsys.readouterr().out.strip().partition("=")
    assert (setting, name) == ("BGSWAP_MASK_AUTOENCODER", f"{REPO}@v1")
    files = hub.repos["models", REPO].commits[hub.repos["models", REPO].refs["v1"]]
    assert set(files) == {".gitattributes", "README.md", "config.json", "model.safetensors"}

    settings = Settings.from_env({setting: name})
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert (weights.name, weights.kind, weights.note) == (name, "full", "")
    assert weights.path.is_relative_to(tmp_path / "cache")
    trained = load_file(folder / "model.safetensors")
    loaded = MaskAutoencoder.from_pretrained(weights.path)
    assert loaded.side == 64
    assert all(torch.equal(loaded.state_dict()[key], value) for key, value in trained.items())

    hub.close()
    assert WeightStore(settings, starter=starter).get("mask_autoencoder") == weights

    shutil.rmtree(tmp_path / "cache")
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert weights.path == starter / "mask-autoencoder"
    assert f"{name} cannot be used" in weights.note


def test_each_push_gets_the_next_tag(hub, tmp_path):
    api = HfApi(endpoint=hub.url, token="hf_test")
    first, second = (model_folder(tmp_path / str(seed), seed) for seed in (1, 2))
    assert push.push_model(api, "mask-autoencoder", REPO, first) == f"{REPO}@v1"
    assert push.push_model(api, "mask-autoencoder", REPO, second) == f"{REPO}@v2"
    assert push.push_model(api, "mask-autoencoder", REPO, second, "best") == f"{REPO}@best"
    refs = hub.repos["models", REPO].refs
    assert refs["v1"] != refs["v2"] == refs["best"] == refs["main"]
    with pytest.raises(push.NotPublishable, match="has a tag v2 already"):
        push.push_model(api, "mask-autoencoder", REPO, first, "v2")
    assert refs["main"] == refs["v2"]


def test_an_unchanged_push_makes_no_new_revision(hub, tmp_path):
    api = HfApi(endpoint=hub.url, token="hf_test")
    first, second = (model_folder(tmp_path / str(seed), seed) for seed in (1, 2))
    pushed = [push.push_model(api, "mask-autoencoder", REPO, f) for f in (first, first, second)]
    assert pushed == [f"{REPO}@v1", f"{REPO}@v1", f"{REPO}@v2"]
    repo = hub.repos["models", REPO]
    before = len(repo.commits), set(repo.refs)
    assert push.push_model(api, "mask-autoencoder", REPO, second) == f"{REPO}@v2"
    assert (len(repo.commits), set(repo.refs)) == before
    assert push.push_model(api, "mask-autoencoder", REPO, second, "best") == f"{REPO}@best"
    assert repo.refs["best"] == repo.refs["v2"]


def without_pickles(folder: Path) -> None:
    torch.save({}, folder / "autoencoder.pth")


def without_card(folder: Path) -> None:
    (folder / "README.md").unlink()


def without_metrics(folder: Path) -> None:
    ModelCard("---\nlicense: mit\nlibrary_name: bgswap\ntags: [masks]\n---\n").save(
        folder / "README.md"
    )


def without_license(folder: Path) -> None:
    path = folder / "README.md"
    path.write_text(path.read_text().replace("license: mit\n", ""))


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def with_half_the_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (without_pickles, "pickles, which are not published: autoencoder.pth"),
        (without_card, "no model card"),
        (without_metrics, "lacks metrics"),
        (without_license, "lacks license"),
        (without_weights, "model.safetensors is missing"),
        (with_half_the_weights, "model.safetensors is damaged"),
        (shutil.rmtree, "config.json is missing"),
    ],
)
def test_what_cannot_be_published_is_not_uploaded(hub, tmp_path, capsys, harm, word):
    folder = model_folder(tmp_path / "trained", seed=1)
    harm(folder)
    assert push.main(["mask-autoencoder", "--repo", REPO, "--folder", str(folder)]) == 2
    output = capsys.readouterr()
    assert word in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""
    assert hub.requests == []


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [("401", 1, "answered 401 (may the token write"), ("500", 1, "the Hub answered 500")],
)
def test_a_hub_that_refuses(hub, tmp_path, capsys, fault, status, word):
    hub.strike(fault)
    folder = model_folder(tmp_path / "trained", seed=1)
    assert push.main(["mask-autoencoder", "--repo", REPO, "--folder", str(folder)]) == status
    assert word in capsys.readouterr().err


def test_a_hub_that_is_gone(hub, tmp_path, capsys):
    hub.close()
    folder = model_folder(tmp_path / "trained", seed=1)
    assert push.main(["mask-autoencoder", "--repo", REPO, "--folder", str(folder)]) == 1
    assert "cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["face-vae"], ["--repo", REPO], ["nonsense", "--repo", REPO]]
)
def test_an_incomplete_command_is_refused(words, capsys):
    with pytest.raises(SystemExit) as leaving:
        push.main(words)
    assert leaving.value.code == 2


def test_a_name_that_no_hub_takes(hub, tmp_path, capsys):
    folder = model_folder(tmp_path / "trained", seed=1)
    assert push.main(["mask-autoencoder", "--repo", "a/b/c", "--folder", str(folder)]) == 2
    assert "a/b/c" in capsys.readouterr().err


def test_without_a_token_one_line(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "HF_TOKEN"} | {
        "HF_HOME": str(tmp_path),
        "HF_ENDPOINT": "http://127.0.0.1:9",
    }
    run = subprocess.run(
        [sys.executable, "-m", "training.push", "mask-autoencoder", "--repo", REPO],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert run.returncode == 2
    assert run.stderr.strip() == "no token: log in with 'hf auth login', or set HF_TOKEN"
    assert run.stdout == ""
