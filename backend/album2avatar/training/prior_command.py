"""`scripts/train_prior`: the demo prior, part by part."""

import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from transformers import CLIPTextModel, CLIPTokenizer

from album2avatar.errors import Album2AvatarError, ModelError
from album2avatar.model_folders import find_model
from album2avatar.pictures import save_picture, tiled
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.sampling import sample_images
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.training.autoencoder import (
    AutoencoderTraining,
    peak_signal_to_noise,
    reconstruct,
    train_autoencoder,
    train_decoder,
)
from album2avatar.training.captions import corpus_words, write_caption
from album2avatar.training.dataset import open_dataset
from album2avatar.training.loop import Loop, RateSchedule
from album2avatar.training.publishing import save_prior
from album2avatar.training.scenes import training_cast
from album2avatar.training.text import TextTraining, train_text_encoder
from album2avatar.training.tokenizer import build_tokenizer
from album2avatar.training.unet import UnetTraining, held_out_loss, train_unet

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Work = Annotated[Path, typer.Option(help="folder of the unfinished parts and checkpoints")]
Data = Annotated[Path, typer.Option(help="data set of training people")]
HeldOut = Annotated[Path, typer.Option(help="data set of held-out people")]
Steps = Annotated[int, typer.Option(min=1, help="steps in all; may change when resumed")]
Threads = Annotated[int, typer.Option(min=1, max=64, help="CPU threads")]

_OUTFITS = (
    "man with light skin and short brown hair wearing a red t-shirt, blue jeans and white sneakers",
    "woman with tan skin and long black hair wearing a green dress and black boots",
    "bearded man with brown skin and bald head wearing a navy and white striped sweater, "
    "beige shorts and brown shoes",
    "woman with light skin and red hair in a bun wearing a white t-shirt, a purple jacket, "
    "a pink skirt and black shoes",
)
_VIEWS = ("front view, full body", "back view, full body", "left side view, full body")
_CLOSER = ("front view, upper body", "right side view, upper body", "front view, head close-up")
_WAYS = (*_VIEWS, *_CLOSER, "front view, lower body")
SAMPLE_PROMPTS = tuple(
    tuple(
        [f"a photo of a {outfit}, {way}, grey background" for way in _WAYS]
        + [f"a normal map of a {outfit}, {_VIEWS[0]}"]
    )
    for outfit in _OUTFITS
)
"""Rows of eight: four outfits in seven ways, then as a normal map."""

_CORPUS_CAPTIONS = 20_000
_PEOPLE_IN_WORDS = 8_000


@app.command()
def text(work: Work, steps: Steps = 1400, threads: Threads = 1) -> None:
    """Build the tokenizer and pre-train the text encoder; needs no pictures."""
    torch.set_num_threads(threads)
    cast = training_cast(_PEOPLE_IN_WORDS)
    folder = work / "tokenizer"
    if not (folder / "merges.txt").is_file():
        generator = numpy_generator(0, "tokenizer")
        captions = [
            write_caption(cast.sample(generator), generator).text for _ in range(_CORPUS_CAPTIONS)
        ]
        tokenizer = build_tokenizer([*captions, *(40 * corpus_words())], folder)
        longest = max(len(tokenizer(caption).input_ids) for caption in captions)
        print(f"{len(tokenizer)} tokens; the longest caption has {longest}")
    tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    schedule = RateSchedule(steps, peak=1.2e-3)
    loop = Loop(schedule, work / "text.safetensors", save_every=500)
    train_text_encoder(cast, tokenizer, loop, TextTraining()).save_pretrained(work / "text_encoder")


@app.command()
def vae(
    work: Work, data: Data, held_out: HeldOut, steps: Steps = 4000, threads: Threads = 2
) -> None:
    """Train the autoencoder, and measure it on held-out people."""
    torch.set_num_threads(threads)
    training = AutoencoderTraining()
    loop = Loop(RateSchedule(steps, peak=1e-3, rise_steps=50), work / "vae.safetensors")
    network: Any = train_autoencoder(open_dataset(data), loop, training)
    network.save_pretrained(work / "vae")
    _measure_autoencoder(network, held_out, work)


@app.command()
def decoder(
    work: Work, data: Data, held_out: HeldOut, steps: Steps = 3000, threads: Threads = 2
) -> None:
    """Go on with the decoder alone; a UNet that was trained on the latents stays valid."""
    torch.set_num_threads(threads)
    network: Any = AutoencoderKL.from_pretrained(work / "vae", local_files_only=True)
    loop = Loop(RateSchedule(steps, peak=7e-4, rise_steps=50), work / "decoder.safetensors")
    train_decoder(network, open_dataset(data), loop, AutoencoderTraining(batch=16))
    network.save_pretrained(work / "vae")
    _measure_autoencoder(network, held_out, work)


@app.command()
def unet(
    work: Work,
    data: Data,
    held_out: HeldOut,
    output: Annotated[Path, typer.Option(help="folder of the finished prior")],
    steps: Steps = 4000,
    save_every: Annotated[int, typer.Option(min=1, help="steps between two versions")] = 250,
    threads: Threads = 2,
) -> None:
    """Train the UNet; writes the prior's folder again with every checkpoint."""
    torch.set_num_threads(threads)
    for part in ("tokenizer", "text_encoder", "vae"):
        if not (work / part).is_dir():
            raise ModelError(f"{work / part} is missing. Run the steps `text` and `vae` first.")
    measured, training = open_dataset(held_out), UnetTraining()

    def publish(prior: Prior, step: int) -> None:
        save_prior(prior, output)
        loss = held_out_loss(prior, measured, training)
        print(f"{time.strftime('%H:%M:%S')} wrote {output}, held-out loss {loss:.4f}", flush=True)

    train_unet(
        open_dataset(data),
        CLIPTokenizer.from_pretrained(work / "tokenizer", local_files_only=True),
        CLIPTextModel.from_pretrained(work / "text_encoder", local_files_only=True),
        AutoencoderKL.from_pretrained(work / "vae", local_files_only=True),
        Loop(RateSchedule(steps, peak=7e-4), work / "unet.safetensors", save_every=save_every),
        training,
        publish,
    )


@app.command()
def samples(
    prior: Annotated[str, typer.Option(help="name or folder of the prior")],
    output: Annotated[Path, typer.Option(help="PNG file to write")],
    threads: Threads = 2,
) -> None:
    """Draw a sheet of samples; a row an outfit; the last column is its normal map."""
    torch.set_num_threads(threads)
    loaded = load_prior(find_model(prior))
    rows: list[torch.Tensor] = []
    for row, prompts in enumerate(SAMPLE_PROMPTS):
        generator = torch_generator(0, "samples", row)
        rows.append(sample_images(loaded, prompts, 25, 4.0, generator))
    save_picture(output, tiled(torch.cat(rows).repeat_interleave(2, 1).repeat_interleave(2, 2), 8))


def _measure_autoencoder(network: Any, held_out: Path, work: Path) -> None:
    """Print the reconstruction's PSNR on held-out people, and draw some of them."""
    dataset = open_dataset(held_out)
    rows = np.arange(min(256, len(dataset)))
    for name, are_normals in (("colour", np.zeros(len(rows), bool)), ("normals", rows >= 0)):
        pictures = dataset.pictures(rows, are_normals)
        decoded = torch.cat([reconstruct(network, batch) for batch in pictures.split(32)])
        print(f"held-out {name}: PSNR {peak_signal_to_noise(decoded, pictures):.2f} dB", flush=True)
        pairs = torch.cat([pictures[:16], decoded[:16]], dim=2)
        save_picture(work / f"vae_{name}.png", tiled(pairs.permute(0, 2, 3, 1) / 2 + 0.5, 8))


def main() -> None:
    """Run the command; an error of this project is one line."""
    try:
        app()
    except Album2AvatarError as error:
        raise SystemExit(f"Error: {error}") from None


if __name__ == "__main__":
    main()
