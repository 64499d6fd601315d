"""``python -m bgswap.warm_up``: compile once what compiles on its first import.

pymatting's numba functions take most of a minute the first time on a machine; numba keeps them
in ``BGSWAP_CACHE``. An install ends with this, so that no first photo waits.
"""

from bgswap.people import matting
from bgswap.settings import Settings, give_libraries_room

if __name__ == "__main__":
    give_libraries_room(Settings.from_env().cache)
    matting.warm_up()
