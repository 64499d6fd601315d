"""``python -m bgswap.warm_up``: compile once what compiles on its first import.

pymatting's numba functions take most of a minute the first time on a machine; numba keeps them
beside the package. An install ends with this, so that no first photo waits.
"""

from bgswap.finish.compositing import warm_up

if __name__ == "__main__":
    warm_up()
