"""Where tokens are looked for: recorded as it is, and pulled to the masks."""

import pytest
import torch

from album2avatar.personalization.attention import (
    AttentionRecorder,
    AttentionTarget,
    attention_loss,
)

LATENTS = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
PROMPTS = ["a photo of a woman", "a photo of a man wearing a red t-shirt"]


def call(prior):
    return prior.predict(LATENTS, torch.tensor([10, 700]), prior.encode_prompts(PROMPTS))


def test_the_loss_is_what_a_hand_computes():
    """Two layers, a 2 x 2 grid, three words: the mean map of word 1 is (2, 1, 0, 1) / 10."""
    first = torch.tensor([[0.3, 0.1, 0.0, 0.2]])
    second = torch.tensor([[0.1, 0.1, 0.0, 0.0]])
    maps = [torch.stack([torch.zeros_like(m), m, torch.ones_like(m)], -1) for m in (first, second)]
    mask = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    # Divided by its largest value the map is (1, 1/2, 0, 1/2); the mask (1, 1, 0, 0).
    loss = attention_loss(maps, [AttentionTarget(row=0, column=1, mask=mask)])
    torch.testing.assert_close(loss, torch.tensor((0.25 + 0.25) / 4))


def test_every_target_counts_the_same():
    generator = torch.Generator().manual_seed(1)
    maps = [torch.rand(2, 16, 5, generator=generator) for _ in range(3)]
    targets = [
        AttentionTarget(row, column, torch.rand(4, 4, generator=generator))
        for row, column in ((0, 1), (0, 3), (1, 2))
    ]
    together = attention_loss(maps, targets)
    alone = torch.stack([attention_loss(maps, [target]) for target in targets])
    torch.testing.assert_close(together, alone.mean())


def test_the_gradient_agrees_with_finite_differences():
    generator = torch.Generator().manual_seed(2)
    scores = torch.randn(2, 2, 9, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = [
        AttentionTarget(0, 1, torch.rand(3, 3, generator=generator, dtype=torch.float64)),
        AttentionTarget(1, 3, torch.rand(3, 3, generator=generator, dtype=torch.float64)),
    ]
    assert torch.autograd.gradcheck(
        lambda s: attention_loss(list(s.softmax(-1)), targets), (scores,), eps=1e-6, atol=1e-7
    )


def test_recording_changes_no_prediction_and_leaves_the_other_layers_alone(prior):
    before, processors = call(prior), dict(prior.unet.attn_processors)
    recorder = AttentionRecorder(prior.unet, prior.latent_size)
    with recorder.recording() as maps:
        torch.testing.assert_close(call(prior), before, rtol=1e-4, atol=1e-5)
    changed = {n for n, p in prior.unet.attn_processors.items() if p is not processors[n]}
    assert changed
    assert all(".attn2." in name for name in changed)
    assert len(maps) == len(changed)
    assert recorder.side == 4  # the only one with cross-attention in this UNet
    for layer in maps:
        assert layer.shape == (2, 4 * 4, prior.prompt_limit)
        torch.testing.assert_close(layer.sum(-1), torch.ones(2, 16))
    with torch.no_grad():
        call(prior)
    assert len(maps) == len(changed)  # outside of the block nothing is kept
    recorder.remove()
    assert prior.unet.attn_processors == processors


def test_gradients_reach_the_text_encoder_through_the_maps(prior):
    recorder = AttentionRecorder(prior.unet, prior.latent_size)
    prior.text_encoder.requires_grad_(True)
    mask = torch.zeros(4, 4)
    mask[:2] = 1.0
    with recorder.recording() as maps:
        call(prior)
    attention_loss(maps, [AttentionTarget(1, 8, mask)]).backward()
    weight = prior.text_encoder.get_input_embeddings().weight
    assert weight.grad is not None
    red = prior.tokenizer("red", add_special_tokens=False).input_ids[0]
    assert weight.grad[red].abs().max() > 0


def test_recorded_layers_can_be_run_again_for_gradient_checkpointing(prior):
    recorder = AttentionRecorder(prior.unet, prior.latent_size)
    prior.unet.requires_grad_(True).train()
    gradients = []
    for is_checkpointed in (False, True):
        if is_checkpointed:
            prior.unet.enable_gradient_checkpointing()
        prior.unet.zero_grad()
        with recorder.recording() as maps:
            call(prior)
        loss = attention_loss(maps, [AttentionTarget(0, 2, torch.eye(4))])
        loss.backward()
        layer = prior.unet.down_blocks[1].attentions[0].transformer_blocks[0].attn2.to_k
        gradients.append(layer.weight.grad.clone())
    torch.testing.assert_close(gradients[1], gradients[0])
    assert gradients[0].abs().max() > 0


@pytest.mark.parametrize(("latent_size", "side"), [(8, 4), (16, 8), (32, 16), (64, 32)])
def test_the_side_follows_the_latents(prior, latent_size, side):
    assert AttentionRecorder(prior.unet, latent_size).side == side
