"""A run that stops at a checkpoint and goes on is the run that never stopped."""

from pathlib import Path

import pytest
import torch

from album2avatar.checkpoint import (
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from album2avatar.errors import WorkspaceError
from album2avatar.seeding import torch_generator


def _step(weights: torch.Tensor, optimizer: torch.optim.Optimizer, step: int) -> None:
    noise = torch.randn(weights.shape, generator=torch_generator(7, "test", step))
    loss = ((weights - 1) ** 2 + noise * weights).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
@pytest.mark.parametrize("stopped_at", [1, 5, 19])
def test_resumed_optimisation_is_bit_identical(
    tmp_path: Path, kind: type[torch.optim.Adam], stopped_at: int
):
    whole = torch.zeros(5, requires_grad=True)
    optimizer = kind([whole], lr=0.1)
    for step in range(20):
        _step(whole, optimizer, step)
        if step + 1 == stopped_at:
            tensors = {"weights": whole, **optimizer_tensors(optimizer, "adam")}
            save_checkpoint(tmp_path / "c.safetensors", step + 1, tensors, {"note": "x"})

    checkpoint = load_checkpoint(tmp_path / "c.safetensors")
    assert checkpoint is not None
    assert checkpoint.metadata == {"note": "x"}
    resumed = checkpoint.tensors["weights"].clone().requires_grad_(True)
    optimizer = kind([resumed], lr=0.1)
    restore_optimizer(optimizer, checkpoint.tensors, "adam")
    for step in range(checkpoint.step, 20):
        _step(resumed, optimizer, step)
    assert torch.equal(resumed, whole)


def test_no_checkpoint_is_no_error(tmp_path: Path):
    assert load_checkpoint(tmp_path / "none.safetensors") is None


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 200])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes):
    path = tmp_path / "c.safetensors"
    path.write_bytes(content)
    with pytest.raises(WorkspaceError, match=r"c\.safetensors is damaged"):
        load_checkpoint(path)
