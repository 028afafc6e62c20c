"""What a worker does, once everything that takes seconds to load is there."""

import threading
import traceback
from collections.abc import Callable

from album2avatar.jobs.worker_protocol import (
    AvatarWork,
    ClipWork,
    PromptWork,
    SwapWork,
    WorkerRequest,
)
from album2avatar.pipeline.making import (
    animate_avatar,
    create_avatar,
    create_from_prompt,
    swap_garment,
)
from album2avatar.progress import ProgressEvent
from album2avatar.wardrobe.library import Wardrobe
from album2avatar.workspace import Workspace

Listener = Callable[[ProgressEvent], None]


def do_work(request: WorkerRequest, listener: Listener, cancelled: threading.Event) -> None:
    """Do what a job asks for; the same call goes on where an earlier one was stopped.

    Raises:
        Album2AvatarError: with a message for the artist.
    """
    match request:
        case AvatarWork():
            _make_avatar(request, listener, cancelled)
        case PromptWork():
            create_from_prompt(
                request.prompt, request.workspace_root, request.settings, listener, cancelled
            )
        case SwapWork():
            swap_garment(
                request.base,
                request.garment,
                Wardrobe(request.wardrobe),
                request.workspace_root,
                request.settings,
                listener,
                cancelled,
            )
        case ClipWork():
            animate_avatar(
                request.base,
                request.video,
                request.workspace_root,
                request.settings,
                listener,
                cancelled,
            )


def _make_avatar(work: AvatarWork, listener: Listener, cancelled: threading.Event) -> None:
    avatar = create_avatar(
        work.folder,
        work.workspace_root,
        work.settings,
        listener,
        cancelled,
        photos=work.photos,
        last_stage=work.last_stage,
    )
    if work.last_stage == "export":
        _fill_wardrobe(work, avatar)


def _fill_wardrobe(work: AvatarWork, avatar: Workspace) -> None:
    """Put a finished avatar's pieces into the wardrobe.

    The avatar is made, whatever happens here; what went wrong is in the job's log.
    """
    try:
        Wardrobe(work.wardrobe).add(avatar, work.title)
    except Exception:
        traceback.print_exc()
