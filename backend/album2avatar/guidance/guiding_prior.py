"""The prior that guides shape and colours, as the settings want it to be asked."""

from album2avatar.devices import choose_device, frozen_precision
from album2avatar.model_folders import find_model
from album2avatar.prior.personalized import PersonalizedPrior, load_personalized_prior
from album2avatar.prior.tiny_encoder import load_tiny_encoder
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def load_guiding_prior(workspace: Workspace, settings: Settings) -> PersonalizedPrior:
    """Load the prior with what it learned of a workspace's person.

    Raises:
        ModelError: a model is missing or damaged, the album was personalised with another base
            prior, or the tiny encoder belongs to another.
    """
    device = choose_device(settings.device)
    prior = load_personalized_prior(
        find_model(settings.prior), workspace.personalization, device, settings.prompt_addition
    )
    own = settings.performance
    if own.compile_prior:
        prior.compile()
    if own.tiny_encoder and own.tiny_encoder_share > 0:
        base = prior.prior
        reduction = base.image_size // base.latent_size
        tiny = load_tiny_encoder(find_model(own.tiny_encoder), base.latent_channels, reduction)
        tiny.move(device, frozen_precision(device))
        prior = prior.with_tiny_encoder(tiny, own.tiny_encoder_share)
    return prior
