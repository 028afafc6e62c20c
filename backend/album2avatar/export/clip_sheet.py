"""The contact sheet of a clip: frames, their masks, and the avatar over the plate."""

import torch
from torch import Tensor

from album2avatar.body.rigged import RiggedPart
from album2avatar.body.skinning import skin_points
from album2avatar.clip.homography import warp
from album2avatar.render.camera import Cameras
from album2avatar.render.images import to_image
from album2avatar.render.interpolate import interpolate
from album2avatar.render.shading import draw, interpolate_normals
from album2avatar.render.texture import texture
from album2avatar.render.visibility_warp import face_ids

SHOWN = 6
ROWS = 240
"""Height of each picture in pixels."""
_TOWARDS = (0.3, 0.45, 0.84)
"""The lamp, in the camera's frame."""


def chosen_frames(count: int) -> list[int]:
    """Up to SHOWN of `count` frames, evenly, first and last among them."""
    return sorted(set(torch.linspace(0, count - 1, min(SHOWN, count)).round().long().tolist()))


@torch.no_grad()
def draw_over(
    surface: RiggedPart,
    albedo: Tensor,
    transforms: Tensor,
    camera: Cameras,
    motion: Tensor,
    plate: Tensor,
) -> Tensor:
    """(H, W, 3) the posed avatar over the plate, as the frame's camera sees both.

    Args:
        albedo: (h, w, 3) sRGB 0..1, row 0 at v = 0.
        transforms: (1, J, 4, 4).
        motion: (3, 3) from the plate's pixels to the frame's.
        plate: (H, W, 3) sRGB 0..1, row 0 at the top.
    """
    posed = skin_points(surface.mesh.vertices, surface.weights, transforms)
    size = (plate.shape[0], plate.shape[1])
    drawing = draw(posed, surface.mesh.faces, camera, size, visibility=face_ids)
    colors = albedo.new_full((*size, 3), 0.5)
    covered = drawing.covered[0, ..., 0] > 0
    if surface.uv is not None:
        uv = interpolate(surface.uv.coordinates, drawing.rast, surface.uv.faces)[0][covered]
        colors[covered] = texture(albedo, uv, "clamp")
    normals = interpolate_normals(drawing, posed, camera)[0]
    facing = (normals @ torch.tensor(_TOWARDS)).clamp(min=0)[..., None]
    lit = colors * (0.6 + 0.4 * facing)
    rows = torch.where(covered[..., None], lit, to_image(plate[None])[0])
    picture = to_image(rows[None])[0]
    return warp(picture.permute(2, 0, 1), torch.linalg.inv(motion), size, "border").permute(1, 2, 0)


def contact_sheet(columns: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """Frame, mask and avatar below one another, frame beside frame: (3 * ROWS, W, 3).

    Args:
        columns: (H, W, 3), (H, W) and (H, W, 3) of each frame that is shown.
    """
    drawn = [
        torch.cat([_small(frame), _small(mask[..., None].expand(-1, -1, 3)), _small(over)])
        for frame, mask, over in columns
    ]
    return torch.cat(drawn, 1)


def _small(picture: Tensor) -> Tensor:
    height, width = picture.shape[:2]
    size = (ROWS, max(1, round(ROWS * width / height)))
    return torch.nn.functional.interpolate(picture.permute(2, 0, 1)[None], size, mode="area")[
        0
    ].permute(1, 2, 0)
