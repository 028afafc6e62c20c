"""How fast the training is, and how much memory it takes."""

import time
from types import TracebackType

import psutil
import torch


class Stopwatch:
    """Times what happens inside of it, on one device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._seconds = 0.0
        self._count = 0
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._seconds += time.monotonic() - self._began
        self._count += 1

    def metrics(self) -> dict[str, float]:
        """Steps a second so far, and mebibytes: the GPU's peak, or the process's now."""
        used = psutil.Process().memory_info().rss
        if self._device.type == "cuda":
            used = torch.cuda.max_memory_allocated(self._device)
        rate = self._count / self._seconds if self._seconds > 0 else 0.0
        return {"steps_per_second": rate, "memory_mib": used / 2**20}
