"""Settings of the personalization stage."""

from typing import Literal

from pydantic import Field

from album2avatar.settings.base import Frozen
from album2avatar.settings.second_pass import SecondPassSettings

Adapters = Literal["person", "body and face"]


class PersonalizationSettings(Frozen):
    """How the prior learns one person.

    The defaults are for a prior of Stable Diffusion's size on a GPU. A term of the loss whose
    weight is 0 is not computed, and what it would need is not made.
    """

    method: Literal["lora", "full"] = "lora"
    """What learns in the second phase: a low-rank adapter, or every weight of UNet and text
    encoder, as published. `full` needs four times the memory and writes gigabytes."""
    token_steps: int = Field(default=1000, ge=1, le=100_000)
    """Steps of the first phase, in which only the tokens' embeddings learn (PuzzleBooth)."""
    adapter_steps: int = Field(default=4000, ge=1, le=100_000)
    """Steps of the second phase, in which the adapter learns too (PuzzleBooth)."""
    batch_size: int = Field(default=4, ge=1, le=64)
    """Album pictures a step; what 24 GB of graphics memory hold at 512 pixels."""
    token_learning_rate: float = Field(default=5e-4, gt=0, lt=1)
    """Published for tokens of SD-class text encoders. Falls to a tenth over each phase."""
    token_rate_with_adapter: float = Field(default=0.1, ge=0, le=1)
    """Share of that rate in the second phase: by then the adapter does most of the work."""
    adapter_learning_rate: float = Field(default=1e-4, gt=0, lt=1)
    """Usual for low-rank adapters; for `full` set 2e-6 (PuzzleBooth). Falls to a tenth."""
    adapter_rank: int = Field(default=16, ge=1, le=256)
    """Rank of the adapter's updates: a person and an outfit are little to remember."""
    whole_person_share: float = Field(default=0.5, ge=0, le=1)
    """Share of prompts that name every visible asset, as guidance does; the rest name a
    random part of them, which keeps the tokens apart."""
    plain_background_copies: int = Field(default=2, ge=0, le=16)
    """Copies of each picture with a plain background that the prompt names. In these, outline
    and framing are learned too; in the others only the named assets count."""
    asset_close_up_share: float = Field(default=0.0, ge=0, le=1)
    """Share of album pictures that are crops around one asset, without a framing word."""
    attention_weight: float = Field(default=0.01, ge=0, le=100)
    """Weight of the difference between a token's cross-attention and its mask (PuzzleBooth)."""
    class_pictures: int = Field(default=200, ge=2, le=10_000)
    """Pictures of other people, half of them normal maps, sampled once from the base prior, so
    that it doesn't forget views, framings and normals."""
    class_batch_size: int = Field(default=4, ge=1, le=64)
    """Of those, pictures a step."""
    class_weight: float = Field(default=1.0, ge=0, le=100)
    """Weight of their loss (prior preservation; PuzzleBooth)."""
    synthetic_pictures: int = Field(default=200, ge=2, le=10_000)
    """Renderings of synthetic people in the album's views and framings, each as a photo and as a
    normal map, so that normal maps stay true ones."""
    synthetic_color_batch_size: int = Field(default=1, ge=1, le=64)
    """Of the photos, pictures a step."""
    synthetic_color_weight: float = Field(default=2.0, ge=0, le=100)
    """Weight of their loss (PuzzleBooth)."""
    synthetic_normal_batch_size: int = Field(default=1, ge=1, le=64)
    """Of the normal maps, pictures a step."""
    synthetic_normal_weight: float = Field(default=2.0, ge=0, le=100)
    """Weight of their loss (PuzzleBooth)."""
    sampling_steps: int = Field(default=25, ge=2, le=1000)
    """Denoising steps of sampled pictures; more cost time and change little."""
    sampling_guidance: float = Field(default=7.5, ge=1, le=30)
    """Classifier-free guidance of sampled pictures; usual for SD-class priors."""
    preview_every: int = Field(default=500, ge=1)
    """Steps between preview pictures; each costs about as much as 20 steps."""
    checkpoint_every: int = Field(default=250, ge=1)
    """Steps between checkpoints: at most this many are lost when the process dies."""
    adapters: Adapters = "person"
    """One adapter for the whole person; or one that learns from pictures of the body and one that
    learns from close-ups of the head, each asked about its own views (AvatarBooth). Two take twice
    the time."""
    second_pass: SecondPassSettings = Field(default_factory=SecondPassSettings)
    """Going on with pictures that the personalised prior paints over a turning body."""
