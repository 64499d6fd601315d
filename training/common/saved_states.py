"""Checkpoints of a run: accelerate's own state folders, written whole or not at all."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accelerate import Accelerator

# A run folder holds the newest, checkpoint-N; another program's may have a name alike.
PREFIX = "checkpoint"
PROGRESS = "progress.json"


def newest(run: Path) -> Path | None:
    """The newest whole checkpoint of a run folder; None where there is none."""
    numbered = {int(p.name.rpartition("-")[2]): p for p in run.glob(f"{PREFIX}-*[0-9]")}
    return numbered[max(numbered)] if numbered else None


def taken(run: Path) -> Path | None:
    """What lies in a folder that a new run would overwrite, if anything."""
    return next((p for p in sorted(run.glob(f"{PREFIX}*")) if p.suffix != ".part"), None)


def save(accelerator: Accelerator, run: Path, progress: Mapping[str, Any]) -> None:
    """Write the state of all that was prepared, and ``progress``, as the next checkpoint.

    To be called by every process. The one before is removed when the new one is whole.
    """
    part, before = run / f"{PREFIX}.part", newest(run)
    if accelerator.is_main_process:
        shutil.rmtree(part, ignore_errors=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(part))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        (part / PROGRESS).write_text(json.dumps(progress))
        number = int(before.name.rpartition("-")[2]) + 1 if before else 1
        part.rename(run / f"{PREFIX}-{number}")
        if before:
            shutil.rmtree(before)
    accelerator.wait_for_everyone()


def read_progress(run: Path) -> dict[str, Any]:
    """The ``progress`` that :func:`save` wrote into the newest checkpoint.

    Raises:
        FileNotFoundError: there is no checkpoint.
    """
    folder = newest(run)
    if folder is None:
        raise FileNotFoundError(f"no checkpoint to resume from in {run}")
    return json.loads((folder / PROGRESS).read_text())
