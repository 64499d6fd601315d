"""Comparison of the pictures of two commits, bit for bit.

    python -m benchmarks.same_pictures --base COMMIT

Makes twelve pictures (two photos, three prompts, two sets of options) with the code of an earlier
commit and with the present one, on this machine in one run, and compares the arrays. Stored hashes
would not do: pixels differ between processors. Exit 0: all are equal bit for bit; 1: some differ.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
PHOTOS = ("bus.jpg", "zidane.jpg")
PROMPTS = ("a sandy beach at dusk", "a green forest", "a plain white studio backdrop")
OPTIONS = (
    {"seed": 7},
    {"seed": 8, "light": 0.5, "shadow": 0.6, "enhance_faces": 0.5, "variations": 2},
)
# Runs in the root of either tree, through the public interface that both have.
MAKE = """
import sys
import numpy as np
from ultralytics.utils import ASSETS
from bgswap import BackgroundSwapper, Settings, SwapOptions
swapper = BackgroundSwapper.from_settings(Settings.from_env(models="starter", device="cpu"))
pictures = {}
for photo in %(photos)r:
    for prompt in %(prompts)r:
        for number, options in enumerate(%(options)r):
            result = swapper.swap(str(ASSETS / photo), prompt, options=SwapOptions(**options))
            name = f"{photo} | {prompt} | {number}"
            pictures[name], pictures[name + " | cut-out"] = result.image, result.cutout
            print(name, flush=True)
np.savez(sys.argv[1], **pictures)
"""


def make(tree: Path, file: Path) -> dict[str, np.ndarray]:
    """The pictures that the code in ``tree`` makes, by name; passed through ``file``."""
    program = MAKE % {"photos": PHOTOS, "prompts": PROMPTS, "options": OPTIONS}
    subprocess.run([sys.executable, "-c", program, file], cwd=tree, check=True)
    with np.load(file) as pictures:
        return dict(pictures)


def differences(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> list[str]:
    """The names of the pictures that differ."""
    names = sorted(one.keys() | other.keys())
    return [n for n in names if n not in one or n not in other or not _same(one[n], other[n])]


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other)


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", required=True, help="the commit to compare with")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "base"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", tree, options.base], check=True)
        try:
            before = make(tree, Path(folder) / "before.npz")
        finally:
            subprocess.run([*git, "remove", "--force", tree], check=True)
        different = differences(before, make(ROOT, Path(folder) / "after.npz"))
    for name in different:
        print(f"differs: {name}")
    print(f"{len(before) - len(different)} of {len(before)} arrays are equal bit for bit")
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
