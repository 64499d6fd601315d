"""Train, evaluate and publish the project's own models.

    python -m training MODEL train ...       face_vae, mask_autoencoder, matting, detector, scene
    python -m training MODEL evaluate ...    measure it, and put the figures into its card
    python -m training MODEL STEP ...        other steps of a model, such as face_vae fit_gains
    python -m training swaps evaluate ...    measure finished pictures
    python -m training pack ...              pack the people that matting and detector learn from
    python -m training push ...              publish a model, or the app, on the Hugging Face Hub

``--help`` after any of these lists its flags.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

# By model and step: the module with the ``main`` function, and arguments put before the others.
Command = tuple[str, tuple[str, ...]]
EVALUATE = "training.evaluate"
COMMANDS: dict[str, dict[str, Command]] = {
    "face_vae": {
        "train": ("training.face_vae.train", ()),
        "evaluate": (EVALUATE, ("face-vae",)),
        "fit_gains": ("training.face_vae.fit_gains", ()),
        "sample": ("training.face_vae.face_sheets", ("sample",)),
        "fill": ("training.face_vae.face_sheets", ("fill",)),
    },
    "mask_autoencoder": {
        "train": ("training.mask_autoencoder.train", ()),
        "evaluate": (EVALUATE, ("mask-autoencoder",)),
        "fit_belief": ("training.mask_autoencoder.fit_belief", ()),
    },
    "matting": {
        "train": ("training.matting.train", ()),
        "evaluate": (EVALUATE, ("matting",)),
        "export": ("training.matting.export_matting", ()),
        "calibrate": ("training.matting.calibrate", ()),
    },
    "detector": {
        "train": ("training.detector.train", ()),
        "evaluate": (EVALUATE, ("person-detector",)),
        "export": ("training.detector.export_detector", ()),
        "gather_candidates": ("training.detector.gather_candidates", ()),
        "train_second_stage": ("training.detector.train_second_stage", ()),
    },
    "scene": {
        "pack": ("training.scene.data.pack_scenes", ()),
        "train": ("training.scene.train", ()),
        "sharpen": ("training.scene.sharpen", ()),
        "evaluate": (EVALUATE, ("scene",)),
        "export": ("training.scene.model", ()),
    },
    "swaps": {"evaluate": (EVALUATE, ("swaps",))},
    "pack": {"": ("training.synthesis.pack", ())},
    "push": {"": ("training.push", ())},
}


def find_command(words: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that a command line names, and the remaining arguments.

    Raises:
        ValueError: there is no such model or step; the message lists the valid ones.
    """
    model = words[0].replace("-", "_") if words else ""
    if model not in COMMANDS:
        raise ValueError(f"expected one of {', '.join(COMMANDS)}, got {model or 'nothing'}")
    steps = COMMANDS[model]
    if "" in steps:
        return steps[""], list(words[1:])
    step = words[1] if len(words) > 1 else ""
    if step not in steps:
        raise ValueError(f"expected {model} {' or '.join(steps)}, got {step or 'nothing'}")
    return steps[step], list(words[2:])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a step of a model; returns its exit code, 2 where there is no such step."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    try:
        (module, begin), rest = find_command(words)
    except ValueError as error:
        print(f"{error}\npython -m training --help lists the commands", file=sys.stderr)
        return 2
    return import_module(module).main([*begin, *rest]) or 0


if __name__ == "__main__":
    raise SystemExit(main())
