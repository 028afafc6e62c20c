"""The looking process: the path of a decoded photo in, what it shows of people out.

It loads torch, which the service never does. Started by `album2avatar.album.sight_process`.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

# Before torch is imported: a service that reads an album leaves the cores to the job.
os.environ["OMP_NUM_THREADS"] = "1"

from album2avatar.album.person import Sight
from album2avatar.album.sight import load_sight
from album2avatar.errors import Album2AvatarError


def main() -> None:
    """Serve requests until standard input ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # a chatty library must not break the answers
    sight = load_sight(Path(json.loads(sys.stdin.readline())["model"]))
    for line in sys.stdin:
        answers.write(json.dumps(respond(sight, Path(json.loads(line)["photo"]))) + "\n")
        answers.flush()


def respond(sight: Sight, photo: Path) -> dict[str, Any]:
    """Look at one photo."""
    try:
        return asdict(sight(photo))
    except (OSError, Album2AvatarError) as error:
        return {"error": str(error)}


if __name__ == "__main__":
    main()
