"""Steps that run out of memory are taken again with less of it, and come to the same."""

from pathlib import Path

import pytest
import torch

from album2avatar.errors import DeviceError
from album2avatar.guidance.personal import distil_views
from album2avatar.memory_budget import MemoryBudget, MemoryPlan
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.paint.canvas import FieldCanvas, first_field
from album2avatar.paint.painter import Painter
from album2avatar.paint.scene import PaintedSurface, SeenSurface
from album2avatar.prior.model import Prior
from album2avatar.prior.personalized import PersonalizedPrior, load_personalized_prior
from album2avatar.sculpt.normal_guidance import NormalGuidance
from album2avatar.settings import PaintSettings, SculptSettings
from toy_person import ASSETS, egg, egg_body, true_assets, write_tiny_prior, write_workspace

FRAMINGS = ("full body", "head close-up", None, "upper body", "full body")


class SmallPrior(Prior):
    """A prior on a device that holds the activations of two pictures."""

    def encode_images(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) > 2:
            raise torch.OutOfMemoryError(f"CUDA out of memory. {len(images)} pictures")
        return super().encode_images(images)


class SmallCanvas(FieldCanvas):
    """A canvas on a device that holds the points of pictures with one sample a pixel."""

    def logits(self, seen: SeenSurface) -> torch.Tensor:
        if seen.normals.shape[1] > 16:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 8 GiB")
        return super().logits(seen)


@pytest.fixture(scope="module")
def personal(tmp_path_factory: pytest.TempPathFactory) -> PersonalizedPrior:
    folder = write_tiny_prior(tmp_path_factory.mktemp("models") / "tiny")
    workspace = write_workspace(tmp_path_factory.mktemp("avatar") / "whole", folder)
    return load_personalized_prior(Path(folder), workspace.personalization, "cpu")


@pytest.fixture(scope="module")
def cramped(personal: PersonalizedPrior) -> PersonalizedPrior:
    return PersonalizedPrior(SmallPrior(**vars(personal.prior)), "person", ASSETS)


def surface() -> PaintedSurface:
    mesh = egg()
    shares = torch.nn.functional.one_hot(true_assets(mesh.vertices), len(ASSETS)).float()
    colors = torch.rand(len(mesh.vertices), 3, generator=torch.Generator().manual_seed(0))
    known = torch.ones(len(mesh.vertices))
    return PaintedSurface(mesh, edge_table(mesh.faces), shares, colors, known)


def painter(
    prior: PersonalizedPrior, supersampling: int, canvas: type[FieldCanvas] = FieldCanvas
) -> Painter:
    settings = PaintSettings(steps=4, views_per_step=5, supersampling=supersampling)
    painted = surface()
    field = first_field(painted, settings, 0)
    kinds = [asset.kind for asset in ASSETS]
    return Painter(painted, canvas(field), kinds, egg_body(egg()), prior, settings, seed=0)


def test_what_costs_only_time_is_given_up_before_what_costs_sharpness():
    plans = [MemoryPlan(at_once=6, supersampling=3)]
    while (smaller := plans[-1].smaller()) is not None:
        plans.append(smaller)
    assert plans == [
        MemoryPlan(6, 3),
        MemoryPlan(3, 3),
        MemoryPlan(2, 3),
        MemoryPlan(1, 3),
        MemoryPlan(1, 2),
        MemoryPlan(1, 1),
    ]


@pytest.mark.parametrize("at_once", [1, 2])
def test_views_judged_in_parts_have_the_gradient_of_all_at_once(personal, cramped, at_once):
    def gradient(prior: PersonalizedPrior, at_once: int | None) -> torch.Tensor:
        images = torch.rand(5, 16, 16, 3, generator=torch.Generator().manual_seed(3))
        images.requires_grad_()
        distil_views(
            prior,
            FRAMINGS,
            images,
            ["a photo of a <asset0> person"] * 5,
            "blurry",
            torch.linspace(50, 900, 5).long(),
            torch.Generator().manual_seed(4),
            "nfsd",
            7.5,
            at_once,
        ).loss.backward()
        assert images.grad is not None
        return images.grad

    with pytest.raises(torch.OutOfMemoryError):
        gradient(cramped, None)
    whole = gradient(personal, None)
    torch.testing.assert_close(
        gradient(cramped, at_once), whole, rtol=1e-3, atol=1e-5 * float(whole.abs().max())
    )


def test_a_paint_step_that_runs_out_of_memory_is_taken_in_parts_and_says_so(personal, cramped):
    roomy, small = painter(personal, 2), painter(cramped, 2)
    expected, found = roomy.train_step(1), small.train_step(1)
    assert small.memory.plan == MemoryPlan(2, 2)
    assert found["gradient_norm"] == pytest.approx(expected["gradient_norm"], rel=1e-4)
    expected_tensors, tensors = roomy.tensors(), small.tensors()
    moments = [name for name in tensors if "exp_avg" in name and "sq" not in name]
    assert moments
    for name in moments:
        whole = expected_tensors[name]
        scale = 1e-3 * float(whole.abs().max()) + 1e-12
        torch.testing.assert_close(tensors[name], whole, rtol=1e-2, atol=scale)
    assert "2 pictures at once" in small.memory.news()
    assert small.memory.news() == ""
    small.train_step(2)  # nothing more to give up
    assert small.memory.news() == ""


def test_a_surface_step_in_parts_pulls_the_vertices_as_one_at_once(personal, cramped):
    def pull(prior: PersonalizedPrior) -> torch.Tensor:
        mesh = egg()
        vertices = mesh.vertices.clone().requires_grad_()
        settings = SculptSettings(views_per_step=4)
        guidance = NormalGuidance(prior, egg_body(egg()), settings, 10, seed=0)
        moved, edges = Mesh(vertices, mesh.faces), edge_table(mesh.faces)
        guidance.memory.run(lambda: guidance.distil(moved, edges, 3).loss.backward())
        assert vertices.grad is not None
        return vertices.grad

    whole = pull(personal)
    assert float(whole.abs().max()) > 0
    torch.testing.assert_close(
        pull(cramped), whole, rtol=1e-3, atol=1e-4 * float(whole.abs().max())
    )


def test_where_rendering_takes_too_much_it_becomes_rougher(personal):
    small = painter(personal, 2, SmallCanvas)
    small.train_step(0)
    assert small.memory.plan == MemoryPlan(1, 1)
    assert "supersampling 1" in small.memory.news()


def test_where_nothing_is_left_to_give_up_the_artist_is_told(cramped):
    budget = MemoryBudget(MemoryPlan(1))

    def work() -> None:
        cramped.prior.encode_images(torch.zeros(3, 16, 16, 3))

    with pytest.raises(DeviceError, match="3 pictures"):
        budget.run(work)
