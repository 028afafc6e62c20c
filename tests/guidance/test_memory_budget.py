"""Steps that run out of memory are taken again with less of it, and come to the same."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import warp as wp

from album2avatar.attire.shape import ClothField
from album2avatar.errors import FullMemoryError
from album2avatar.guidance.personal import PersonalGuidance
from album2avatar.memory_budget import MemoryBudget, MemoryPlan
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.paint.canvas import FieldCanvas, first_field
from album2avatar.paint.painter import Painter
from album2avatar.paint.scene import PaintedSurface, SeenSurface
from album2avatar.prior.model import Prior
from album2avatar.prior.personalized import PersonalizedPrior, load_personalized_prior
from album2avatar.sculpt.normal_guidance import NormalGuidance
from album2avatar.sculpt.rebuilding import BandBuilder
from album2avatar.sculpt.sculptor import Sculptor
from album2avatar.sculpt.template import make_template
from album2avatar.settings import (
    GuidanceSettings,
    PaintSettings,
    SculptGuidanceSettings,
    SculptSettings,
)
from toy_person import (
    ASSETS,
    egg,
    egg_body,
    no_attire,
    true_assets,
    write_tiny_prior,
    write_workspace,
)

FRAMINGS = ("full body", "head close-up", None, "upper body", "full body")


class SmallPrior(Prior):
    """A prior on a device that holds the activations of two pictures."""

    def encode_images(self, images: torch.Tensor, size: int | None = None) -> torch.Tensor:
        if len(images) > 2:
            raise torch.OutOfMemoryError(f"CUDA out of memory. {len(images)} pictures")
        return super().encode_images(images, size)


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
    guidance = GuidanceSettings(views_per_step=5, supersampling=supersampling)
    settings = PaintSettings(steps=4, guidance=guidance)
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
    def judged(prior: PersonalizedPrior, at_once: int | None) -> tuple[torch.Tensor, int]:
        images = torch.rand(5, 16, 16, 3, generator=torch.Generator().manual_seed(3))
        images.requires_grad_()
        found = PersonalGuidance(prior, GuidanceSettings(), steps=10).distil(
            2,
            FRAMINGS,
            images,
            ["a photo of a <asset0> person"] * 5,
            torch.Generator().manual_seed(4),
            at_once=at_once,
        )
        found.loss.backward()
        assert images.grad is not None
        return images.grad, found.prior_calls

    with pytest.raises(torch.OutOfMemoryError):
        judged(cramped, None)
    whole, calls = judged(personal, None)
    parts, same_calls = judged(cramped, at_once)
    torch.testing.assert_close(parts, whole, rtol=1e-3, atol=1e-5 * float(whole.abs().max()))
    assert calls == same_calls > 10  # a third wording only where there is much noise


def test_a_paint_step_that_runs_out_of_memory_is_taken_in_parts_and_says_so(personal, cramped):
    roomy, small = painter(personal, 2), painter(cramped, 2)
    expected, found = roomy.train_step(1), small.train_step(1)
    assert small.memory.plan == MemoryPlan(2, 2)
    assert found["prior_calls"] == small.prior_calls == roomy.prior_calls > 0
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
        settings = SculptSettings(guidance=SculptGuidanceSettings(views_per_step=4))
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


def test_a_sculpt_step_that_is_taken_again_refines_the_band_once_and_is_counted_once(
    personal, cramped
):
    """At the step that lays the band anew as well."""
    settings = SculptSettings(
        start="body",
        lattice_cells=16,
        close_up_magnification=1.0,
        steps=4,
        refined_share=0.3,
        refine_after=0.5,
        guidance=SculptGuidanceSettings(views_per_step=4),
    )
    body = egg_body(egg())
    builder = BandBuilder(make_template(body, 1.0, {}, {}), ClothField(no_attire(), body), settings)

    def refined(prior: PersonalizedPrior) -> Sculptor:
        sculptor = Sculptor(builder, body, [], prior, settings, 0, None)
        sculptor.train_step(2)
        return sculptor

    roomy, small = refined(personal), refined(cramped)
    assert "2 pictures at once" in small.memory.news()
    assert torch.equal(small.tensors()["band.vertices"], roomy.tensors()["band.vertices"])
    assert small.prior_calls == roomy.prior_calls > 0


def test_where_rendering_takes_too_much_it_becomes_rougher(personal):
    small = painter(personal, 2, SmallCanvas)
    small.train_step(0)
    assert small.memory.plan == MemoryPlan(1, 1)
    assert "supersampling 1" in small.memory.news()


def test_where_nothing_is_left_to_give_up_the_artist_is_told(cramped):
    budget = MemoryBudget(MemoryPlan(1))

    def work() -> None:
        cramped.prior.encode_images(torch.zeros(3, 16, 16, 3))

    with pytest.raises(FullMemoryError, match="3 pictures"):
        budget.run(work)


@pytest.mark.parametrize(
    "take",
    [
        lambda: np.empty(2**50, np.uint8),
        lambda: torch.empty(2**50, dtype=torch.uint8),
        lambda: wp.empty((2**25, 2**25), dtype=wp.uint8, device="cpu"),
    ],
    ids=["numpy", "torch", "warp"],
)
def test_whoever_found_no_memory_the_work_is_done_with_less(take: Callable[[], object]):
    budget = MemoryBudget(MemoryPlan(2))

    def work() -> int:
        if budget.plan.at_once > 1:
            take()
        return budget.plan.at_once

    assert budget.run(work) == 1
    assert "memory ran out" in budget.news()


def test_another_fault_is_not_taken_for_a_full_memory():
    budget = MemoryBudget(MemoryPlan(2))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        budget.run(lambda: torch.ones(2, 3) @ torch.ones(2, 3))
    assert budget.plan == MemoryPlan(2)
