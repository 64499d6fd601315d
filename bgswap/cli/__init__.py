"""The command line: ``bgswap COMMAND ...``, and ``python -m bgswap PHOTO --prompt TEXT``."""

import sys
from collections.abc import Sequence

from bgswap.cli.arguments import parse
from bgswap.cli.running import DONE, exit_status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["batch"]:
        from bgswap.batch.command import main as batch

        return batch(words[1:])

    def work() -> int:
        options = parse(words)
        options.run(options)
        return DONE

    return exit_status(work)
