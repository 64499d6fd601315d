"""The command line: ``bgswap COMMAND ...``, and ``python -m bgswap PHOTO --prompt TEXT``."""

import logging
import sys
from collections.abc import Sequence

from bgswap.cli.arguments import parse
from bgswap.errors import BadInput, BgSwapError, NoPersonDetected

INTERNAL, BAD_INPUT, NO_PERSON, INTERRUPTED = 1, 2, 3, 130
log = logging.getLogger("bgswap")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["batch"]:
        from bgswap.batch.command import main as batch

        return batch(words[1:])
    try:
        options = parse(words)
        options.run(options)
        return 0
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
    print(f"bgswap: {message}", file=sys.stderr)
    return status
