"""torch.compile where it works; the plain function where it does not."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import torch

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Compiled:
    """A function that torch.compile makes quick, or as it is where that is not wanted or fails.

    Attributes:
        active: whether the compiled function is called.
    """

    def __init__(self, function: Callable, wanted: bool) -> None:
        self.function, self.active = function, wanted
        self.quick = torch.compile(function, dynamic=False) if wanted else function

    def __call__(self, *args: Any, **others: Any) -> Any:
        return (self.quick if self.active else self.function)(*args, **others)


def guarded(work: Callable[[], Result], *functions: Compiled) -> Result:
    """Do some work; should it fail while something in it is compiled, do it again without.

    Running out of memory is no fault of the compiler and is raised as it is.
    """
    try:
        return work()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        if not any(function.active for function in functions):
            raise
        log.warning("going on without torch.compile: %s", str(error)[:2000])
        for function in functions:
            function.active = False
    return work()
