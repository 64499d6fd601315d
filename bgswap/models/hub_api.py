"""Requests to the Hugging Face Hub's API: a model's files, or why it is not available."""

import logging
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bgswap.errors import ModelUnavailable
from bgswap.models.deadline import run_with_timeout, unreachable
from bgswap.models.sources import Hub

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

log = logging.getLogger(__name__)


def endpoint() -> str:
    """The Hub's address: ``HF_ENDPOINT``, or huggingface_hub's own."""
    from huggingface_hub import constants

    # Read at each call: huggingface_hub reads it once, when it is imported.
    return os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")


class RateLimited(Exception):
    """The Hub answered 429: too many requests."""


def fail_on_rate_limit() -> None:
    """Raise :class:`RateLimited` on status 429, where huggingface_hub would wait and retry.

    Replaces the HTTP client of this process.
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


def fetch_model_info(source: Hub, timeout: float) -> "ModelInfo":
    """Request a model's metadata from the Hub; also tells whether the Hub is reachable.

    Args:
        source: the model, and its revision.
        timeout: seconds to wait for the answer.

    Raises:
        ModelUnavailable: the Hub is unreachable or refuses; the message continues a sentence.
        RateLimited: too many requests.
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
            # The Hub had closed a reused connection, or a failed download closed the shared client.
            log.info("asking %s again: %r", host, error)
            return ask()

    try:
        return run_with_timeout(timeout, ask_twice)
    except TimeoutError as error:
        raise unreachable(host, f"did not answer within {timeout:g} s") from error
    except HfHubHTTPError as error:
        raise ModelUnavailable(explain_error(error)) from error
    except (HTTPError, OSError) as error:
        raise unreachable(host, "cannot be reached") from error
    except (ValueError, KeyError, TypeError) as error:
        raise unreachable(host, "does not answer as a Hub does") from error


def explain_error(error: Exception) -> str:
    """The meaning of an error of huggingface_hub, as the rest of a sentence about a model."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return explain_error(error.__cause__)
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
