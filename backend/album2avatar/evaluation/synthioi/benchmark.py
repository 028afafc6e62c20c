"""The benchmark from its first trial to its last."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from album2avatar.errors import Album2AvatarError, CancelledError
from album2avatar.evaluation.synthioi.contenders import is_ablation
from album2avatar.evaluation.synthioi.person import Reference
from album2avatar.evaluation.synthioi.results import PERSON, Result, result_of, truth_result
from album2avatar.evaluation.synthioi.runs import Bench, Trial
from album2avatar.perception.model import Perception
from album2avatar.synthetic.ground_truth import ground_truth


@dataclass(frozen=True)
class Failure:
    """An avatar that couldn't be made or measured."""

    contender: str
    trial: Trial
    reason: str
    """For whoever runs the benchmark."""

    @property
    def told(self) -> str:
        """In a line."""
        return f"{self.contender}, {self.trial.name}: {self.reason}"


@dataclass(frozen=True)
class Outcome:
    """What is known after some of the trials."""

    trials: Sequence[Trial]
    """Those in which every contender has an avatar."""
    results: Mapping[str, Sequence[Result]]
    """Contender, then `PERSON`, to its results, in the order of `trials`."""
    failures: Sequence[Failure]


def run_benchmark(
    bench: Bench, names: Sequence[str], trials: Sequence[Trial], perception: Perception
) -> Iterator[Outcome]:
    """Make and measure all avatars, and tell after each trial what is known.

    A trial in which one contender fails is left out for all of them, so that means stay means of
    the same people; the others go on.

    Raises:
        CancelledError: the bench was cancelled; the same call goes on where it stopped.
    """
    rows: list[Mapping[str, Result]] = []
    finished: list[Trial] = []
    failures: list[Failure] = []
    for trial in trials:
        found = _run_trial(bench, names, trial, perception)
        if isinstance(found, Failure):
            failures.append(found)
        else:
            rows.append(found)
            finished.append(trial)
        results = {name: [row[name] for row in rows] for name in (*names, PERSON)}
        yield Outcome(tuple(finished), results, tuple(failures))


def _run_trial(
    bench: Bench, names: Sequence[str], trial: Trial, perception: Perception
) -> Mapping[str, Result] | Failure:
    person = functools.cache(lambda: Reference.of(ground_truth(trial.subject)))
    row: dict[str, Result] = {}
    for name in names:
        with_swap = trial.seed == 0 and not is_ablation(name)
        try:
            row[name] = result_of(bench, name, trial, person, perception, with_swap)
        except CancelledError:
            raise
        except Album2AvatarError as problem:
            return Failure(name, trial, str(problem))
    row[PERSON] = truth_result(bench, trial, person, perception)
    return row
