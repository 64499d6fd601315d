"""Environment variables that Gradio and its web client read, set before they are imported."""

import os
import stat
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

# First of all: it sets what huggingface_hub, which Gradio imports, reads when it is imported.
import bgswap  # noqa: F401

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def prepare(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set, where the user has not: no reports, a folder of our own, no proxy to this machine."""
    environment.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    if not environment.get("GRADIO_TEMP_DIR"):
        environment["GRADIO_TEMP_DIR"] = str(upload_folder(Path(tempfile.gettempdir())))
    spared = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    names = [name for name in spared.replace(" ", "").split(",") if name]
    names += [name for name in LOOPBACK if name not in names]
    # Which of the two is read depends on the library.
    environment["no_proxy"] = environment["NO_PROXY"] = ",".join(names)


def upload_folder(parent: Path) -> Path:
    """A folder that only the present user can look into; the same one at each start.

    Args:
        parent: may be writable by others, as ``/tmp`` is.
    """
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    folder = parent / f"bgswap-uploads-{user}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not _is_ours(folder):
            return Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=parent))
        folder.chmod(0o700)
    return folder


def _is_ours(folder: Path) -> bool:
    state = folder.lstat()
    return stat.S_ISDIR(state.st_mode) and (os.name == "nt" or state.st_uid == os.getuid())
