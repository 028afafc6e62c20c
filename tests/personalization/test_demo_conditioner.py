"""The shipped conditioner leads the shipped prior, as its model card says."""

import math

import torch

from album2avatar.assets import view_of_azimuth
from album2avatar.body.anny import load_anny_body
from album2avatar.model_folders import find_model
from album2avatar.perception.model import load_perception
from album2avatar.personalization.second_pass import ConsistentPicture, draw_body
from album2avatar.prior.conditioner import Conditioning, load_conditioner
from album2avatar.prior.model import load_prior
from album2avatar.prior.sampling import sample_images
from album2avatar.seeding import torch_generator
from album2avatar.training.conditioner_measurement import overlap

AZIMUTHS = (0, 90, 180, 270)


def test_samples_stand_where_the_body_stands():
    prior = load_prior(find_model("demo-prior"))
    conditioner = load_conditioner(find_model("demo-conditioner"), prior.unet)
    perception = load_perception(find_model("demo-perception"))
    model = load_anny_body()
    body = model.canonical(model.usual_shape("woman"))
    plan = [
        ConsistentPicture(math.radians(degrees), view, "upper body", _prompt(view))
        for degrees in AZIMUTHS
        for view in [view_of_azimuth(degrees)]
    ]
    bodies = torch.cat([draw_body(body, picture, prior.image_size) for picture in plan])
    prompts = [picture.prompt for picture in plan]

    def mean_overlap(conditioning):
        generator = torch_generator(0, "demo conditioner")
        pictures = sample_images(prior, prompts, 8, 4.0, generator, conditioning)
        return sum(
            overlap(perception.perceive(picture), _bytes(drawn))
            for picture, drawn in zip(pictures, bodies, strict=True)
        ) / len(plan)

    assert mean_overlap(Conditioning(conditioner, bodies)) > mean_overlap(None) + 0.05


def _prompt(view):
    words = f"light skin and short black hair wearing a green t-shirt, {view}, upper body"
    return f"a photo of a woman with {words}, grey background"


def _bytes(drawn):
    return (drawn * 255).round().to(torch.uint8).numpy()
