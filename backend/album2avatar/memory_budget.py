"""What to do when memory runs out in the middle of a step: the same with less of it."""

import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import torch

from album2avatar.errors import FullMemoryError
from album2avatar.full_memory import says_memory_is_full

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True)
class MemoryPlan:
    """How much of a step is done at once."""

    at_once: int
    """Pictures that a network sees in one call; fewer take longer and change nothing else."""
    supersampling: int = 1
    """Samples along each side of a rendered pixel; fewer make rougher outlines."""

    def smaller(self) -> "MemoryPlan | None":
        """The next plan that takes less memory; None where there is none.

        What changes nothing but time comes first.
        """
        if self.at_once > 1:
            return replace(self, at_once=(self.at_once + 1) // 2)
        if self.supersampling > 1:
            return replace(self, supersampling=self.supersampling - 1)
        return None

    def __str__(self) -> str:
        pictures = "1 picture" if self.at_once == 1 else f"{self.at_once} pictures"
        return f"{pictures} at once, supersampling {self.supersampling}"


class MemoryBudget:
    """The plan of a run, which becomes smaller whenever memory runs out."""

    def __init__(self, plan: MemoryPlan) -> None:
        self.plan = plan
        self._news = ""

    def run(self, work: Callable[[], Result]) -> Result:
        """Do some work; when memory runs out, do it again with the next smaller plan.

        Args:
            work: reads `plan`, and leaves nothing changed when it fails.

        Raises:
            FullMemoryError: even the smallest plan takes more memory than there is.
        """
        while True:
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if not says_memory_is_full(error):
                    raise
                reason = str(error).splitlines()[0][:200]
            # Only now: until the error is gone, its traceback holds the failed step's tensors.
            self._shrink(reason)

    def news(self) -> str:
        """What has changed since this was last asked, for the progress report; else empty."""
        news, self._news = self._news, ""
        return news

    def _shrink(self, reason: str) -> None:
        smaller = self.plan.smaller()
        if smaller is None:
            raise FullMemoryError(
                f"The device's memory doesn't hold a single picture of this step ({reason}). Close "
                "other programs that use it, choose a smaller preset, or set `device` to cpu, "
                "then press Resume; the job goes on from its last checkpoint."
            )
        self._news = f"memory ran out: goes on with {smaller}"
        logger.warning("memory ran out with %s (%s); goes on with %s", self.plan, reason, smaller)
        self.plan = smaller
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
