"""Publish trained weights, or the app itself, on the Hugging Face Hub.

    python -m training push mask-autoencoder --repo OWNER/NAME --folder runs/mask-autoencoder/hub
    python -m training push face-vae --repo OWNER/NAME --folder runs/face-vae/hub --license mit
    python -m training push --space OWNER/NAME --hardware zero-a10g \\
        --variable BGSWAP_FACE_VAE=OWNER/NAME@v1

The first creates the model repository if need be, uploads the folder (safetensors, config, model
card) and tags what it uploaded: v1, v2, v3... or the name given with --tag. The program then uses
it with the setting that the command prints, such as BGSWAP_MASK_AUTOENCODER=OWNER/NAME@v1. The
second publishes the app as a Space. Log in first (hf auth login), or set HF_TOKEN.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError

from bgswap.models import STARTER
from training.common.publishing import (
    MODEL_FILES,
    ROLES,
    License,
    NotPublishable,
    check_model,
    ready_folder,
)
from training.common.space import SpaceSettings, push_space

PROJECT = Path(__file__).parent.parent


def push_model(
    api: HfApi,
    role: str,
    repo: str,
    folder: Path,
    tag: str | None = None,
    private: bool = False,
    terms: License | None = None,
) -> str:
    """Upload a model folder and tag the new commit; an unchanged folder keeps its tag.

    Args:
        api: with the token to use.
        role: such as ``mask-autoencoder``.
        repo: ``owner/name``; created if need be.
        folder: in the layout of the Hub.
        tag: the name of this revision; None: the next of v1, v2, v3...
        private: create a private repository.
        terms: the license, where the card has none.

    Returns:
        The value of the setting that uses it: ``owner/name@tag``.

    Raises:
        NotPublishable: the folder cannot be published, or the tag exists.
        HfHubHTTPError: the Hub refused.
    """
    with tempfile.TemporaryDirectory() as space:
        ready = ready_folder(folder, repo, terms, Path(space))
        try:
            check_model(role, ready)
        except NotPublishable as error:
            raise NotPublishable(str(error).replace(str(ready), str(folder))) from error
        return _upload(api, role, repo, ready, tag, private)


def _upload(api: HfApi, role: str, repo: str, folder: Path, tag: str | None, private: bool) -> str:
    """Upload a checked folder and tag it; returns ``owner/name@tag``."""
    api.create_repo(repo, private=private, exist_ok=True)
    tags = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo).tags}
    if tag in tags:
        raise NotPublishable(f"{repo} has a tag {tag} already; name another one")
    named, tag = tag, tag or _next_tag(set(tags))
    commit = api.upload_folder(
        repo_id=repo,
        folder_path=folder,
        allow_patterns=MODEL_FILES,
        delete_patterns=MODEL_FILES,
        commit_message=f"Upload {role} {tag}",
    )
    # huggingface_hub makes no commit for an upload without changes.
    same = [name for name, oid in tags.items() if oid == commit.oid]
    if same and not named:
        return f"{repo}@{same[-1]}"
    api.create_tag(repo, tag=tag, revision=commit.oid)
    return f"{repo}@{tag}"


def _next_tag(taken: set[str]) -> str:
    numbers = [int(match[1]) for name in taken if (match := re.fullmatch(r"v(\d+)", name))]
    return f"v{max(numbers, default=0) + 1}"


def _parser() -> argparse.ArgumentParser:
    about, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m training push",
        description=about,
        epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("role", nargs="?", choices=sorted(ROLES), help="which model to publish")
    parser.add_argument("--repo", metavar="OWNER/NAME", help="the model repository")
    parser.add_argument(
        "--folder",
        type=Path,
        help="the model in the Hub's layout, such as runs/mask-autoencoder/hub "
        "(default: the weights that ship, bgswap/starter/ROLE)",
    )
    parser.add_argument("--tag", help="name of this revision (default: the next of v1, v2, v3...)")
    parser.add_argument("--license", help="of the weights, as the Hub names it, such as mit")
    parser.add_argument("--license-name", default="", help="of a license that is 'other'")
    parser.add_argument("--license-link", default="", help="where the license's text is")
    parser.add_argument("--space", metavar="OWNER/NAME", help="publish the app as this Space")
    parser.add_argument("--hardware", default="", help="of the Space, such as zero-a10g")
    parser.add_argument(
        "--variable",
        action="append",
        default=[],
        type=_variable,
        metavar="NAME=VALUE",
        help="a setting of the Space's app, such as BGSWAP_FACE_VAE=OWNER/NAME@v1; repeatable",
    )
    parser.add_argument("--private", action="store_true", help="create the repository private")
    return parser


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 done; 1 the Hub refused or cannot be reached; 2 bad input or no token.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.role) != bool(options.repo) or not (options.role or options.space):
        parser.error("name a model and its --repo, or a --space")
    token = get_token()
    if not token:
        return _fail("no token: log in with 'hf auth login', or set HF_TOKEN", 2)
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token)
    try:
        if options.role:
            folder = options.folder or STARTER / options.role
            terms = None
            if options.license:
                terms = License(options.license, options.license_name, options.license_link)
            name = push_model(
                api, options.role, options.repo, folder, options.tag, options.private, terms
            )
            print(f"BGSWAP_{ROLES[options.role].upper()}={name}")
        if options.space:
            settings = SpaceSettings(options.private, options.hardware, dict(options.variable))
            print(push_space(api, options.space, PROJECT, settings))
    except (NotPublishable, HFValidationError) as error:
        return _fail(str(error), 2)
    except HfHubHTTPError as error:
        status = error.response.status_code
        why = " (may the token write there?)" * (status in (401, 403))
        return _fail(f"the Hub answered {status}{why}", 1)
    except (HTTPError, OSError) as error:
        return _fail(f"the Hub cannot be reached: {error}", 1)
    return 0


def _fail(message: str, status: int) -> int:
    print(message, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
