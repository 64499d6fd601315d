"""``python -m bgswap.warm_up``: the same as ``bgswap warm-up``."""

import sys

from bgswap.cli import main

if __name__ == "__main__":
    sys.exit(main(["warm-up"]))
