"""The shipped conditioner leads score distillation by the body: the view is what it is."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from album2avatar.assets import Asset, view_of_azimuth
from album2avatar.body.anny import load_anny_body
from album2avatar.guidance.leading import FARTHEST, draw_depth, draw_leading
from album2avatar.guidance.personal import PersonalGuidance
from album2avatar.guidance.views import turntable_views
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.types import Mesh
from album2avatar.model_folders import find_model
from album2avatar.pipeline.flows import STAGES, SWAP_STAGES
from album2avatar.prior.conditioner import Conditioning
from album2avatar.prior.model import load_prior
from album2avatar.prior.personalized import PersonalizedPrior
from album2avatar.render.camera import orbit
from album2avatar.settings import (
    GuidanceSettings,
    PaintSettings,
    SculptGuidanceSettings,
    SculptSettings,
    Settings,
)
from album2avatar.workspace import Workspace

AZIMUTHS = [0.0, math.pi / 2, math.pi, -math.pi / 2]
LED = GuidanceSettings(method="nfsd", conditioner="demo-conditioner")
WORN = [Asset(kind="hair", name="short black hair"), Asset(kind="top", name="green t-shirt")]


@pytest.fixture(scope="module")
def body():
    model = load_anny_body()
    return model.canonical(model.usual_shape("woman"))


@pytest.fixture(scope="module")
def dressed(body) -> Mesh:
    """The body in something of 15 mm."""
    surface = vertex_normals(body.vertices, body.faces)
    return Mesh(body.vertices + 0.015 * surface, body.faces)


@pytest.fixture(scope="module")
def personal() -> PersonalizedPrior:
    return PersonalizedPrior(load_prior(find_model("demo-prior")), "woman", WORN)


@pytest.fixture(scope="module")
def guidance(personal) -> PersonalGuidance:
    return PersonalGuidance.load(personal, LED, 10)


def test_depth_is_white_where_it_is_near_and_black_where_there_is_nothing():
    """Two upright squares, 3 and 4 m before the camera: 1/3 and 1/4 are the ends of the range."""
    square = torch.tensor([[0.0, 0, 0], [0.5, 0, 0], [0.5, 0, 0.5], [0.0, 0, 0.5]])
    near = square + torch.tensor([-0.6, 0.0, 0.0])
    far = square + torch.tensor([0.1, 1.0, 0.0])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    field_of_view = 0.6
    height = 2 * 3 * math.tan(field_of_view / 2)
    zero = torch.zeros(1)
    cameras = orbit(zero, zero, torch.tensor([[0.0, 0, 0.25]]), zero + height, field_of_view)
    picture = draw_depth(torch.cat([near, far]), faces, cameras, 64)[0]
    assert picture.shape == (64, 64, 3)
    assert picture[0, 0].tolist() == [0.0, 0.0, 0.0]
    levels = sorted({round(float(level), 3) for level in picture[32, :, 0]})
    assert levels[0] == 0
    assert levels[-1] == pytest.approx(1.0, abs=1e-3)
    assert picture[32, 46, 0] == pytest.approx(FARTHEST, abs=1e-3)


@pytest.mark.parametrize("kind", ["body normals", "normals", "depth"])
def test_what_leads_shows_the_body_or_the_surface_of_the_same_view(body, dressed, kind):
    cameras = turntable_views(body, "full body", AZIMUTHS).cameras
    pictures = draw_leading(kind, body, dressed, cameras, 48)
    assert pictures.shape == (4, 48, 48, 3)
    empty = 0.0 if kind == "depth" else 0.5
    covered = ((pictures - empty).abs().amax(-1) > 0.05).float().mean((1, 2))
    bare = draw_leading("body normals", body, dressed, cameras, 48)
    least = ((bare - 0.5).abs().amax(-1) > 0.05).float().mean((1, 2))
    grown = covered - least
    assert (grown.abs() < 1e-6).all() if kind == "body normals" else (grown > 0.005).all()


def test_with_a_wrong_view_word_what_stands_there_is_recognized_all_the_same(
    personal, guidance, body, dressed
):
    """The noise in a true normal map is told more exactly when the body leads."""
    prior = personal.prior
    cameras = turntable_views(body, "full body", AZIMUTHS).cameras
    latents = prior.encode_images(draw_leading("normals", body, dressed, cameras, 64))
    bodies = draw_leading("body normals", body, dressed, cameras, 64)
    assert guidance.conditioner is not None
    turned = [view_of_azimuth(math.degrees(azimuth) + 180) for azimuth in AZIMUTHS]
    wrong = [personal.prompt(None, view, "full body", "normal map") for view in turned]
    embeddings = personal.embed(wrong)

    def error(conditioning: Conditioning | None) -> np.ndarray:
        """Mean squared error by noise level."""
        found = []
        for timestep in (500, 700, 900):
            noise = torch.randn(latents.shape, generator=torch.manual_seed(timestep))
            timesteps = torch.full((4,), timestep)
            noisy = prior.add_noise(latents, noise, timesteps)
            said = prior.predict_noise(noisy, timesteps, embeddings, conditioning)
            found.append(float((said - noise).square().mean()))
        return np.array(found)

    alone, led = error(None), error(Conditioning(guidance.conditioner, bodies))
    assert (led < 0.9 * alone).all()


def distil(guidance: PersonalGuidance, pictures: torch.Tensor, leading) -> torch.Tensor:
    images = pictures.clone().requires_grad_()
    prompts = [guidance.prompt(None, "front", "full body", "normal map")] * len(images)
    framings = ["full body"] * len(images)
    generator = torch.Generator().manual_seed(1)
    guidance.distil(0, framings, images, prompts, generator, leading).loss.backward()
    assert images.grad is not None
    return images.grad


def test_each_view_is_led_by_its_own_picture_alone(personal, guidance, body, dressed):
    """Also where only some views are asked about under the negative prompt."""
    cameras = turntable_views(body, "full body", AZIMUTHS).cameras
    pictures = draw_leading("normals", body, dressed, cameras, 64)
    leading = guidance.leading_pictures(0, body, dressed, cameras)
    assert leading is not None
    led = distil(guidance, pictures, leading)
    alone = distil(PersonalGuidance.load(personal, GuidanceSettings(), 10), pictures, None)
    assert ((led - alone).abs().amax((1, 2, 3)) > 1e-6).all()
    other = torch.cat([leading[:3], leading[:1]])
    changed = (distil(guidance, pictures, other) - led).abs().amax((1, 2, 3))
    # A row's last bits depend on those beside it.
    assert changed[3] > 100 * changed[:3].max()


def test_without_strength_nothing_is_led(personal, body, dressed):
    cameras = turntable_views(body, "full body", AZIMUTHS[:2]).cameras
    pictures = draw_leading("normals", body, dressed, cameras, 64)
    silent = LED.model_copy(update={"conditioner_strength": 0.0})
    guidance = PersonalGuidance.load(personal, silent, 10)
    leading = guidance.leading_pictures(0, body, dressed, cameras)
    plain = PersonalGuidance.load(personal, GuidanceSettings(), 10)
    assert plain.leading_pictures(0, body, dressed, cameras) is None
    assert torch.equal(distil(guidance, pictures, leading), distil(plain, pictures, None))


@pytest.mark.parametrize("stages", [STAGES, SWAP_STAGES])
def test_another_conditioner_makes_a_stage_run_again(stages, tmp_path: Path):
    """What it is led by is among a stage's inputs."""
    plain = Settings()
    led = Settings(
        sculpt=SculptSettings(guidance=SculptGuidanceSettings(conditioner="demo-conditioner")),
        paint=PaintSettings(guidance=GuidanceSettings(conditioner="demo-conditioner")),
    )
    folder = find_model("demo-conditioner")
    chosen = [stage for stage in stages if stage.name in ("sculpt", "paint")]
    for stage in chosen:
        assert folder in stage.inputs(Workspace(tmp_path), led)
        assert folder not in stage.inputs(Workspace(tmp_path), plain)
