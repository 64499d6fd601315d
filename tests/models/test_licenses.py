"""The license of each model's weights, in the details of a result."""

import pytest
from mask_model import REPO, contents

from bgswap import Settings
from bgswap.models import WeightStore
from bgswap.models.licenses import license_of
from bgswap.models.manager import Loaded
from bgswap.models.roles import model_roles
from bgswap.models.sources import Hub, Local, Official, Registered
from bgswap.report import Report


def license_in_details(settings, starter, role="mask_autoencoder"):
    report = Report()
    report.used(role, Loaded(object(), WeightStore(settings, starter=starter).get(role)))
    return report.models[role]["license"]


def test_a_folder_without_a_card_has_no_known_license(tmp_path, full, starter):
    (tmp_path / "full" / "README.md").unlink()
    settings = Settings(mask_autoencoder=str(tmp_path / "full"))
    assert license_in_details(settings, starter) == "not known"


@pytest.mark.parametrize(
    ("card", "license"),
    [
        ("---\nlicense: mit\n---\nMine.\n", "mit"),
        ("---\nlicense: other\nlicense_name: mine\n---\n", "mine"),
        ("---\nlicense: other\nlicense_name:\n---\n", "other"),
        ("---\nlicense: [mit, apache-2.0]\n---\n", "mit, apache-2.0"),
        ("---\ntags: [masks]\n---\nlicense: mit\n", "not known"),
        ("license: mit\n", "not known"),
        ("---\nlicense: [\n---\n", "not known"),
    ],
)
def test_a_folder_has_the_license_that_its_card_states(tmp_path, full, starter, card, license):
    (tmp_path / "full" / "README.md").write_text(card)
    settings = Settings(mask_autoencoder=str(tmp_path / "full"))
    assert license_in_details(settings, starter) == license


def test_a_repository_has_the_license_of_its_card(hub, settings, starter, tmp_path):
    card = {"README.md": b"---\nlicense: cc-by-4.0\n---\n"}
    hub.add(REPO, contents(tmp_path / "full") | card)
    assert license_in_details(settings, starter) == "cc-by-4.0"


def test_registered_models_that_ship_have_theirs(starter):
    settings = Settings(models="starter")
    assert license_in_details(settings, starter, "face_finder") == "mit"
    assert license_in_details(Settings(matting="closed_form"), starter, "matting") == "agpl-3.0"


def test_the_starter_has_the_license_of_its_card():
    weights = WeightStore(Settings(models="starter")).get("face_vae")
    assert weights.license == "celeba-non-commercial-research"


def test_weights_without_a_card_have_the_license_of_a_well_known_source(tmp_path):
    assert license_of(Hub("madebyollin/taesd", "main"), None) == "mit"
    assert license_of(Official("yolov8m-seg.pt"), tmp_path / "yolov8m-seg.pt") == "agpl-3.0"
    assert license_of(Local(tmp_path), tmp_path) == "not known"
    assert license_of(Registered("of a program"), None) == "not known"


def test_where_a_card_tells_only_a_part_the_table_counts_more(tmp_path):
    (tmp_path / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    assert "openrail++" in license_of(Hub("yahoo-inc/photo-background-generation"), tmp_path)
    assert license_of(Hub("facebook/sam2.1-hiera-tiny"), tmp_path) == "apache-2.0"


def test_every_default_repository_has_a_known_license():
    for role in model_roles().values():
        if role.repository:
            assert license_of(Hub(role.repository), None) != "not known", role.repository
