"""Export of trained matting weights for the program: config, weights, card.

python -m training matting export --run runs/matting --out bgswap/starter/matting
"""

import argparse
import json
from pathlib import Path

from safetensors.torch import load_file, save_file

from bgswap.networks import MattingUNet
from training.common.cards import write_card
from training.common.facts import RunFacts
from training.common.loop import run_command


def export(run: Path, folder: Path) -> None:
    """Write ``folder`` from what :mod:`training.matting.train` left in ``run``.

    Raises:
        FileNotFoundError: the run has no weights.
        RuntimeError: the weights belong to another network.
    """
    if not (run / "model.safetensors").is_file():
        raise FileNotFoundError(f"no model.safetensors in {run}")
    weights = load_file(run / "model.safetensors")
    network = MattingUNet()
    lost = network.load_state_dict(weights, strict=False)
    if lost.unexpected_keys or not all("num_batches" in key for key in lost.missing_keys):
        raise RuntimeError(f"the weights in {run} are not of this network")
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(network._hub_mixin_config, indent=2) + "\n")
    progress = run / "progress.json"
    trained = json.loads(progress.read_text()) if progress.is_file() else {}
    write_card("matting", folder, RunFacts(settings=trained))


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, required=True, help="folder of a training run")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args(arguments)
    return run_command(lambda: export(options.run, options.out))


if __name__ == "__main__":
    raise SystemExit(main())
