"""Pictures of synthetic people per second at 64 × 64, one process.

CPU seconds are what counts on a shared machine; two processes on two free cores make twice
the pictures per second that one makes per CPU second.

python benchmarks/synthetic_people_speed.py
"""

import tempfile
import time
from pathlib import Path

import torch

from album2avatar.synthetic.dataset import write_dataset

_PICTURES = 256


def main() -> None:
    """Print pictures per CPU second and per second."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(Path(folder), "training", 64, 64, first_seed=0, workers=1)  # compiles
        wall, cpu = time.monotonic(), time.process_time()
        write_dataset(Path(folder), "training", _PICTURES, 64, first_seed=100, workers=1)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    print(f"{_PICTURES / cpu:.0f} pictures per CPU second, {_PICTURES / wall:.0f} per second")


if __name__ == "__main__":
    main()
