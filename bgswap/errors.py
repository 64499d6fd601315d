"""The errors a user may see.

Everything under :class:`BgSwapError` carries one sentence that is fit to show to the person who
caused it. Any other exception is a bug and is logged whole.
"""


class BgSwapError(Exception):
    """Base of all errors whose message is safe and useful to show to a user."""


class BadInput(BgSwapError):
    """What came in cannot be used: a broken picture, a number out of range, an unknown word."""


class NoPersonDetected(BgSwapError):
    """The photo holds nobody the detector is sure of."""

    def __init__(self, message: str = "No person detected") -> None:
        super().__init__(message)


class ModelUnavailable(BgSwapError):
    """A model that was asked for by name cannot be had here, and no stand-in was allowed."""


class MissingLibrary(BgSwapError, ImportError):
    """A library, of Python or of the operating system, is not installed."""


class SceneRejected(BgSwapError):
    """The scene model's safety checker refused every picture it made."""


class Stopped(BgSwapError):
    """The user stopped the work before it was done."""

    def __init__(self, message: str = "Stopped") -> None:
        super().__init__(message)
