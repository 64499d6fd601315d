"""The errors a user may see.

The message of every subclass of :class:`BgSwapError` is one sentence that is safe to show to a
user. Any other exception is a bug and is logged with its traceback.
"""


class BgSwapError(Exception):
    """Base of all errors whose message is safe and useful to show to a user."""


class BadInput(BgSwapError):
    """The input cannot be used: a broken picture, a number out of range, an unknown word."""


class NoPersonDetected(BgSwapError):
    """No detection in the photo reaches the confidence threshold."""

    def __init__(self, message: str = "No person detected") -> None:
        super().__init__(message)


class ModelUnavailable(BgSwapError):
    """A requested model is not available here, and the settings allow no fallback."""


class MissingLibrary(BgSwapError, ImportError):
    """A library, of Python or of the operating system, is not installed."""


class SceneRejected(BgSwapError):
    """The scene model's safety checker refused every picture it made."""


class Stopped(BgSwapError):
    """The user stopped the work before it was done."""

    def __init__(self, message: str = "Stopped") -> None:
        super().__init__(message)
