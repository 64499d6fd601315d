"""The number of workers for a machine, and the share of its resources that each of them gets."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bgswap.settings import Settings

GIB = 2**30
# Numbers of threads, read by libraries when they load: OpenMP (torch, OpenCV), BLAS and numba.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
# glibc gives large blocks back to the system at once, and each new one costs a page fault for every
# 4 KiB: kept instead, 4 % of a worker's time (26,000 page faults a photo become 1,000). 32 MiB is
# the largest block that every version of glibc takes.
KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(4 * GIB)}
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class CapacityConfig:
    """Resources of a worker.

    Attributes:
        starter_memory: bytes of a worker with the starter models on a CPU (measured: 0.95 GB at
            1 megapixel; the rest is for larger photos).
        full_memory: bytes of a worker with full models on a CPU (estimated: SD 1.5 in float32
            has 4 GiB of weights, the rest is for activations).
        spare: share of the machine's memory that is left to other processes.
        gpu_threads: threads of a worker that has a GPU.
    """

    starter_memory: int = int(2.5 * GIB)
    full_memory: int = 8 * GIB
    spare: float = 0.2
    gpu_threads: int = 4


def worker_environments(
    settings: Settings, workers: int | None = None, config: CapacityConfig | None = None
) -> list[dict[str, str]]:
    """The environment variables of each worker on this machine.

    One worker a GPU. On a CPU as many as cores and memory allow; the number of threads of a worker
    depends on the machine alone, not on ``workers``: it changes the order of floating-point sums,
    and a result must not depend on the number of workers.

    Args:
        settings: of the models.
        workers: their number; None: as many as the machine allows.
        config: see :class:`CapacityConfig`.
    """
    config = config or CapacityConfig()
    gpus = _gpus() if settings.device in ("auto", "cuda") else []
    if gpus:
        count = workers or len(gpus)
        variables = _variables(config.gpu_threads)
        return [variables | {"CUDA_VISIBLE_DEVICES": gpus[i % len(gpus)]} for i in range(count)]
    if settings.device == "mps":
        return [_variables(config.gpu_threads) for _ in range(workers or 1)]
    need = config.starter_memory if settings.models == "starter" else config.full_memory
    held = max(min(cores(), int(memory() * (1 - config.spare) / need)), 1)
    return [_variables(max(cores() // held, 1)) for _ in range(workers or held)]


def cores() -> int:
    """Cores that this process may use, limited by a container's CPU quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with suppress(OSError, ValueError):
        quota, period = (CGROUP / "cpu.max").read_text().split()
        allowed = min(allowed or 1, max(int(int(quota) / int(period)), 1))
    return allowed or 1


def memory() -> int:
    """Bytes of memory of the machine or the container."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        return min(whole, int((CGROUP / "memory.max").read_text()))
    return whole


def _variables(threads: int) -> dict[str, str]:
    return dict.fromkeys(THREADS, str(threads)) | KEPT_MEMORY


def _gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The CUDA devices, as CUDA_VISIBLE_DEVICES names them."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name.strip() not in ("", "-1")]
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]
