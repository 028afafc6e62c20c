"""What a draft is worth: nearer to the person than the body alone, and true about what it shows.

`python -m album2avatar.evaluation.drafts FOLDER` makes the drafts of held-out people with the true
masks of their photos, and prints a table. What FOLDER holds already is not made again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import trimesh
import typer
from torch import Tensor

from album2avatar.body.skinning import skin_points
from album2avatar.body.storage import load_body, load_poses
from album2avatar.body.surface import outer_surface
from album2avatar.evaluation.avatar import AvatarSurface, load_avatar
from album2avatar.evaluation.comparison import Comparison, compare
from album2avatar.evaluation.held_out_avatars import held_out_avatar
from album2avatar.evaluation.ray_casting import is_blocked
from album2avatar.files import write_json
from album2avatar.manifest import open_workspace
from album2avatar.mesh.storage import load_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.pictures import load_texture, save_picture, tiled
from album2avatar.projection.album_views import read_photo
from album2avatar.projection.texel_views import GRAZING
from album2avatar.render.baking import map_texels
from album2avatar.render.camera import Cameras
from album2avatar.skinning.transfer import skin_weights
from album2avatar.synthetic.ground_truth import GroundTruth, ground_truth
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.workspace import Workspace

PEOPLE = "5,13,27,30,40,42"
PICTURE_SIZE = 256
SURFACE_POINTS = 50_000
RAYS = 20_000
"""Texels of a draft from which every camera is looked for."""
SLACK = 0.004
"""Metres within which a ray meets the place that it comes from."""
SEEN_LEVEL = 0.75
"""Grey level of the draft's map above which a photo shows the texel."""


@dataclass(frozen=True)
class DraftMeasure:
    """One person's draft against the body in it."""

    person: int
    body: Comparison
    draft: Comparison
    seen_agreement: float
    """Share of the texels of which map and rays say the same."""
    seconds: float
    """Of the draft stage."""


def main(
    folder: Annotated[Path, typer.Argument(help="Everything is written here.")],
    people: Annotated[str, typer.Option(help="Held-out people, with commas.")] = PEOPLE,
    preset: Annotated[str, typer.Option(help="Preset of the drafts.")] = "quick",
) -> None:
    """Make drafts, measure them, print the table."""
    measures = [_measure(folder, int(index), preset) for index in people.split(",")]
    rows = [
        {
            "person": measure.person,
            "chamfer_cm": [part.avatar_chamfer_cm for part in (measure.body, measure.draft)],
            "iou": [part.silhouette_iou for part in (measure.body, measure.draft)],
            "color": measure.draft.color_differences,
            "seen_agreement": measure.seen_agreement,
            "seconds": measure.seconds,
        }
        for measure in measures
    ]
    write_json(folder / "drafts.json", rows)
    print(table(measures))


def table(measures: list[DraftMeasure]) -> str:
    """Markdown: the body alone → the draft."""
    lines = [
        "| person | Chamfer, cm | silhouette IoU | median ΔE of the classes | seen map | s |",
        "|---|---|---|---|---|---|",
    ]
    for measure in measures:
        body, draft = measure.body, measure.draft
        color = float(np.median(list(draft.color_differences.values())))
        lines.append(
            f"| {measure.person} | {body.avatar_chamfer_cm:.2f} → {draft.avatar_chamfer_cm:.2f} "
            f"| {body.silhouette_iou:.3f} → {draft.silhouette_iou:.3f} | {color:.1f} "
            f"| {measure.seen_agreement:.1%} | {measure.seconds:.0f} |"
        )
    return "\n".join(lines)


def seen_agreement(workspace: Workspace) -> float:
    """Share of a draft's texels of which its map says what rays to the cameras say.

    A texel is seen where a photo has it in the picture, on the person, facing the camera, and with
    nothing in front.
    """
    draft = workspace.draft
    stored, body = load_mesh(draft.painted), load_body(workspace.body)
    poses = load_poses(draft.refined_poses)
    weights = skin_weights(body, outer_surface(body))
    assert stored.uv is not None  # the draft stage always writes one
    levels = load_texture(draft.seen_map)[..., 0]
    texels = map_texels(stored.uv, (levels.shape[0], levels.shape[1]))
    every = int(texels.covered.sum())
    chosen = torch.arange(0, every, max(1, every // RAYS))
    rast = texels.rast[0][texels.covered][chosen]
    faces, first = rast[:, 3].long() - 1, rast[:, :2]
    corners = torch.cat([first, 1 - first.sum(1, keepdim=True)], 1)
    shown = torch.zeros(len(faces), dtype=torch.bool)
    for index, name in enumerate(poses.photos):
        one = slice(index, index + 1)
        posed = skin_points(stored.mesh.vertices, weights, poses.bone_transforms[one])[0]
        camera = poses.cameras.at(index)
        person = read_photo(workspace, name).mask > 0
        shown |= _shows(Mesh(posed, stored.mesh.faces), faces, corners, camera, person)
    said = levels[texels.covered][chosen] > SEEN_LEVEL
    return float((said == shown).float().mean())


def _shows(posed: Mesh, faces: Tensor, corners: Tensor, camera: Cameras, person: Tensor) -> Tensor:
    """Which places one photo shows, (N,) bool."""
    solid = trimesh.Trimesh(posed.vertices.numpy(), posed.faces.numpy(), process=False)
    normals = torch.tensor(np.array(solid.vertex_normals)).float()
    rows = posed.faces[faces]
    points = (posed.vertices[rows] * corners[..., None]).sum(1)
    normal = torch.nn.functional.normalize((normals[rows] * corners[..., None]).sum(1), dim=-1)
    view = camera.world_to_view[0]
    seen = points @ view[:3, :3].T + view[:3, 3]
    eye = -view[:3, :3].T @ view[:3, 3]
    facing = (normal * torch.nn.functional.normalize(eye - points, dim=-1)).sum(-1) > GRAZING
    height, width = person.shape
    focal = height / 2 / torch.tan(camera.vertical_fov[0] / 2)
    column = (width / 2 - focal * seen[:, 0] / seen[:, 2]).floor().long()
    line = (height / 2 + focal * seen[:, 1] / seen[:, 2]).floor().long()
    inside = (column >= 0) & (column < width) & (line >= 0) & (line < height) & (seen[:, 2] < 0)
    on_person = person[line.clamp(0, height - 1), column.clamp(0, width - 1)]
    return facing & inside & on_person & ~is_blocked(posed, points, eye, SLACK)


def _measure(folder: Path, index: int, preset: str) -> DraftMeasure:
    person = sample_person(person_seed("held-out", index))
    workspace = held_out_avatar(folder, index, preset, last_stage="draft")
    truth, body = ground_truth(person), load_body(workspace.body)
    measure = DraftMeasure(
        person=index,
        body=_compare(truth, plain_surface(outer_surface(body))),
        draft=_compare(truth, load_avatar(workspace.draft)),
        seen_agreement=seen_agreement(workspace),
        seconds=open_workspace(workspace.root).done["draft"].seconds,
    )
    save_picture(folder / "pictures" / f"{index}.png", _sheet(measure))
    print(table([measure]).splitlines()[-1], flush=True)
    return measure


def plain_surface(mesh: Mesh) -> AvatarSurface:
    """A mesh in grey, to be compared like an avatar."""
    count = len(mesh.faces)
    return AvatarSurface(
        mesh.vertices,
        mesh.faces,
        torch.zeros(count, 3, 2),
        torch.full((count, 3), 0.5),
        torch.zeros(2, 2, 3),
    )


def _compare(truth: GroundTruth, surface: AvatarSurface) -> Comparison:
    return compare(truth, surface, None, PICTURE_SIZE, SURFACE_POINTS)


def _sheet(measure: DraftMeasure) -> Tensor:
    """The person above, the draft below."""
    pictures = [*measure.draft.truth_pictures, *measure.draft.avatar_pictures]
    stacked = torch.from_numpy(np.stack(pictures)).float()
    return tiled(stacked, len(measure.draft.truth_pictures))


if __name__ == "__main__":
    typer.run(main)
