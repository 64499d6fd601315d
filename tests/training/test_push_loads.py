"""What is pushed was loaded before, by the class of its role, and says what it may be used for."""

import json

import torch
import yaml
from huggingface_hub import ModelCard

from bgswap.networks import FaceVAE, MaskAutoencoder
from training import push
from training.common.cards import Figure, put_figures
from training.common.export import save_hub_folder
from training.common.facts import DataFacts, RunFacts

# As the Hub's documentation lists them (model cards, metadata): a few of each.
LICENSES = {"mit", "apache-2.0", "agpl-3.0", "other"}
TASKS = {"image-to-image", "image-segmentation", "mask-generation", "text-to-image"}
METRICS = {"mse", "ssim", "fid", "kid", "iou", "accuracy", "mae"}


def trained(folder, role="mask-autoencoder", data=()):
    torch.manual_seed(0)
    network = MaskAutoencoder(side=32) if role == "mask-autoencoder" else FaceVAE(latent=4)
    save_hub_folder(network, folder, role, RunFacts(data=data))
    put_figures(folder, "| iou |", [Figure("image-segmentation", "masks", "iou", 0.9, "IoU")])
    return folder


def pushed(folder, role, *flags):
    return push.main([role, "--repo", "someone/model", "--folder", str(folder), *flags])


def test_weights_of_another_role_are_refused(hub, tmp_path, capsys):
    folder = trained(tmp_path / "masks")
    assert pushed(folder, "face-vae", "--license", "mit") == 2
    captured = capsys.readouterr()
    assert "do not work as face-vae" in captured.err and captured.err.count("\n") == 1
    assert str(folder) in captured.err
    assert hub.requests == []
    assert pushed(folder, "mask-autoencoder", "--license", "mit") == 0


def test_the_license_is_asked_for_where_the_data_settle_none(hub, tmp_path, capsys):
    folder = trained(tmp_path / "masks", data=[DataFacts("people.zip", "zip archive of masks")])
    before = (folder / "README.md").read_text()
    assert pushed(folder, "mask-autoencoder") == 2
    assert "set it with --license" in capsys.readouterr().err
    flags = ["--license", "other", "--license-name", "mine", "--license-link", "https://a.example"]
    assert pushed(folder, "mask-autoencoder", *flags) == 0
    repo = hub.repos["models", "someone/model"]
    card = ModelCard(repo.commits[repo.refs["main"]]["README.md"].decode())
    assert (card.data.license, card.data.license_name) == ("other", "mine")
    assert card.data.license_link == "https://a.example"
    assert (folder / "README.md").read_text() == before


def test_the_card_on_the_hub_names_its_repository_and_passes_validation(hub, tmp_path):
    folder = trained(tmp_path / "masks")
    assert pushed(folder, "mask-autoencoder", "--license", "mit") == 0
    repo = hub.repos["models", "someone/model"]
    text = repo.commits[repo.refs["main"]]["README.md"].decode()
    assert 'from_pretrained("someone/model")' in text and "OWNER/NAME" not in text
    assert any("/api/validate-yaml" in request for request in map(str, hub.requests))
    metadata = yaml.safe_load(text.split("---\n")[1])
    assert metadata["license"] in LICENSES
    assert metadata["pipeline_tag"] in TASKS
    for result in metadata["model-index"][0]["results"]:
        assert result["task"]["type"] in TASKS
        assert {"name", "type"} <= set(result["dataset"])
        assert {metric["type"] for metric in result["metrics"]} <= METRICS
    json.dumps(metadata)
