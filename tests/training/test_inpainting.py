"""Holes in faces, their filling, and the sheets of samples and of filled faces."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from bgswap.io.tensors import images_to_tensor, tensor_to_images
from bgswap.networks import FaceVAE
from training.__main__ import main
from training.face_vae.face_sheets import holed_and_filled
from training.face_vae.faces import Faces
from training.face_vae.inpainting import fill_holes, random_hole, with_hole


def blotch(seed: int) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((64, 64), Image.Resampling.BICUBIC))


class Remembers(nn.Module):
    """Reconstructs half of the way to a face that it knows."""

    def __init__(self, face: np.ndarray) -> None:
        super().__init__()
        self.face = images_to_tensor([face])

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return (faces + self.face) / 2, faces, faces


def test_a_hole_is_part_of_the_face_and_has_the_mean_color_of_the_rest():
    for seed in range(20):
        hole, face = random_hole(np.random.default_rng(seed)), blotch(seed)
        assert 0.03 < hole.mean() < 0.32
        holed = with_hole(face, hole)
        assert np.array_equal(holed[~hole], face[~hole])
        assert np.abs(holed[hole] - face[~hole].mean(0)).max() <= 0.5
    holes = [random_hole(np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(*holes)


def test_each_pass_fills_the_hole_better_and_the_rest_stays():
    face, hole = blotch(1), random_hole(np.random.default_rng(1))
    holed, missing = images_to_tensor([with_hole(face, hole)]), torch.from_numpy(hole)[None, None]
    errors = []
    for passes in (0, 1, 4):
        filled = fill_holes(Remembers(face), holed, missing, passes)
        (made,) = tensor_to_images(filled)
        assert np.array_equal(made[~hole], face[~hole])
        errors.append(np.square(made[hole].astype(float) - face[hole]).mean())
    assert errors[0] > 3 * errors[1] > 3 * 3 * errors[2]


def test_only_the_input_lacks_a_part_and_samples_repeat():
    pictures = [blotch(n) for n in range(4)]
    data = Faces(pictures, seed=3, holed=1.0)
    plain = Faces(pictures, seed=3)
    for number in range(4):
        shown, clean = data[number]
        assert torch.equal(clean, plain[number][1])
        same = (shown == clean).all(0)
        assert 0.6 < same.float().mean() < 0.99
        assert torch.equal(shown, data[number][0])


@pytest.fixture
def vae(tmp_path):
    torch.manual_seed(0)
    FaceVAE(latent=4).save_pretrained(tmp_path / "vae")
    return tmp_path / "vae"


def test_the_sheets_are_written(tmp_path, vae, caplog):
    caplog.set_level("INFO")
    (tmp_path / "faces/val").mkdir(parents=True)
    for number in range(5):
        Image.fromarray(blotch(number)).save(tmp_path / f"faces/val/{number}.png")
    flags = ["--vae", str(vae), "--rows", "2", "--out"]
    first, again, other = (tmp_path / f"{name}.png" for name in "abc")
    for path, seed in ((first, "0"), (again, "0"), (other, "1")):
        assert main(["face_vae", "sample", *flags, str(path), "--seed", seed]) == 0
    assert cv2.imread(str(first)).shape == (2 * 64, 16 * 64, 3)
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()
    data = ["--data", str(tmp_path / "faces")]
    assert main(["face_vae", "fill", *flags, str(tmp_path / "fill.png"), *data]) == 0
    sheet = cv2.imread(str(tmp_path / "fill.png"))[..., ::-1]
    assert sheet.shape == (3 * 64, 5 * 64, 3)
    assert np.array_equal(sheet[128:, :64], blotch(0))
    holed, filled, _ = holed_and_filled(
        FaceVAE.from_pretrained(vae).eval(), [blotch(n) for n in range(5)], seed=0
    )
    assert np.array_equal(sheet[:64], np.hstack(tensor_to_images(holed)))
    assert np.array_equal(sheet[64:128], np.hstack(tensor_to_images(filled)))
    assert "5 faces, squared error in the holes" in caplog.text


def test_what_is_missing_is_one_line(tmp_path, vae, capsys):
    for words in (["fill", "--out", "x.png"], ["sample", "--rows", "0", "--out", "x.png"]):
        with pytest.raises(SystemExit) as leaving:
            main(["face_vae", *words])
        assert leaving.value.code == 2
    assert main(["face_vae", "sample", "--vae", str(tmp_path), "--out", "x.png"]) == 2
    nowhere = tmp_path / "none" / "a.png"
    assert main(["face_vae", "sample", "--vae", str(vae), "--out", str(nowhere)]) == 2
