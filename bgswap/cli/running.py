"""Shared by all commands: errors of argument parsing, and the exit status of an error."""

import argparse
import logging
import sys
from collections.abc import Callable
from typing import NoReturn

from bgswap.errors import BadInput, BgSwapError, NoPersonDetected

DONE, INTERNAL, BAD_INPUT, NO_PERSON, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 130
log = logging.getLogger("bgswap")


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of exiting."""

    def error(self, message: str) -> NoReturn:
        """Called by argparse on an error.

        Raises:
            BadInput: always.
        """
        raise BadInput(message)


def exit_status(work: Callable[[], int]) -> int:
    """The exit status of ``work``; an error is printed in one line and gives its own status."""
    try:
        return work()
    except NoPersonDetected as error:
        return _fail(error, NO_PERSON)
    except BadInput as error:
        return _fail(error, BAD_INPUT)
    except BgSwapError as error:
        return _fail(error, INTERNAL)
    except KeyboardInterrupt:
        return _fail("Stopped", INTERRUPTED)
    except Exception:
        log.exception("internal failure")
        return INTERNAL


def _fail(message: object, status: int) -> int:
    # Standard error escapes characters that its encoding lacks.
    print(f"bgswap: {message}", file=sys.stderr)
    return status
