"""``python -m bgswap``: the command line."""

import sys

from bgswap.cli import main

if __name__ == "__main__":
    sys.exit(main())
