"""``python -m bgswap.warm_up``: compile once what compiles on its first import.

pymatting's numba functions take most of a minute the first time on a machine; numba keeps them
in ``BGSWAP_CACHE``. An install ends with this, so that no first photo waits.
"""

import sys

from bgswap.errors import BgSwapError
from bgswap.settings import Settings, give_libraries_room


def main() -> int:
    """Compile; 0 done, 1 a library is missing, told in one line."""
    try:
        give_libraries_room(Settings.from_env().cache)
        # First of all, since it says in words what OpenCV lacks.
        import bgswap.io.images  # noqa: F401
        from bgswap.matting.foreground import warm_up

        warm_up()
    except BgSwapError as error:
        print(f"bgswap: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
