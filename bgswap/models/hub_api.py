"""What the Hugging Face Hub says of a model: what it holds, or why it cannot be had."""

import logging
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bgswap.errors import ModelUnavailable
from bgswap.models.deadline import unreachable, within
from bgswap.models.roles import Hub

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

log = logging.getLogger(__name__)


def endpoint() -> str:
    """The Hub's address: ``HF_ENDPOINT``, or huggingface_hub's own."""
    from huggingface_hub import constants

    # Read when it is needed: huggingface_hub reads it once, when it is imported.
    return os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")


class RateLimited(Exception):
    """The Hub wants to be left alone for a while."""


def refuse_to_wait() -> None:
    """Make an answer 429 an error at once: huggingface_hub would wait for as long as it says.

    Every request of this process goes through the client that is set up here.
    """
    from huggingface_hub import get_session, set_client_factory

    usual = get_session()
    hooks = {**usual.event_hooks, "response": [_refuse_429]}
    kind = type(usual)
    set_client_factory(lambda: kind(event_hooks=hooks, follow_redirects=True, timeout=None))


def _refuse_429(response: Any) -> None:
    if response.status_code == 429:
        wait = response.headers.get("Retry-After", "")
        after = f", for another {wait} s" if wait.isdigit() else ""
        raise RateLimited(f"the Hub answered 429: too many requests{after}")


def describe(source: Hub, timeout: float) -> "ModelInfo":
    """Ask the Hub about a model: the one request that also tells whether the Hub is there.

    Args:
        source: the model, and its revision.
        timeout: seconds that the Hub has for its answer.

    Raises:
        ModelUnavailable: the Hub is not there, or refuses; the message is the end of a sentence.
        RateLimited: it was asked too often.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HTTPError

    host = urlsplit(endpoint()).netloc
    api = HfApi(endpoint=endpoint())

    def ask() -> "ModelInfo":
        return api.model_info(
            source.repo, revision=source.revision, timeout=timeout, files_metadata=True
        )

    def ask_twice() -> "ModelInfo":
        start = time.monotonic()
        try:
            return ask()
        except HfHubHTTPError:
            raise
        except HTTPError as error:
            if time.monotonic() > start + timeout / 2:
                raise
            # The connection was an old one that the Hub had closed, or another download's trouble
            # closed the client that all of them share.
            log.info("asking %s again: %r", host, error)
            return ask()

    try:
        return within(timeout, ask_twice)
    except TimeoutError as error:
        raise unreachable(host, f"did not answer within {timeout:g} s") from error
    except HfHubHTTPError as error:
        raise ModelUnavailable(why(error)) from error
    except (HTTPError, OSError) as error:
        raise unreachable(host, "cannot be reached") from error
    except (ValueError, KeyError, TypeError) as error:
        raise unreachable(host, "does not answer as a Hub does") from error


def why(error: Exception) -> str:
    """What an error of huggingface_hub means, in words that end a sentence about a model."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return why(error.__cause__)
    if isinstance(error, GatedRepoError):
        return "its terms must be accepted on the Hub, and HF_TOKEN set"
    if isinstance(error, RepositoryNotFoundError):
        return "the Hub has no such repository, or it is private and HF_TOKEN is not set"
    if isinstance(error, RevisionNotFoundError):
        return "the repository has no such revision"
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        return f"the Hub answered {status}" + " (is HF_TOKEN right?)" * (status in (401, 403))
    return (str(error).splitlines() or [type(error).__name__])[0]
