"""Teaching the text encoder to read before there is anything to paint.

Trained together with the UNet from scratch, colours and garments don't follow the words.
So the encoder first learns to tell, from the place where a caption ends, who wears what:
one classifier per clause, and the colours themselves as a regression.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from album2avatar.assets import FRAMINGS, VIEWS
from album2avatar.seeding import numpy_generator
from album2avatar.training.architecture import EMBEDDING_SIZE, PROMPT_LIMIT, make_text_encoder
from album2avatar.training.captions import Caption, PartialScene, Scene, write_caption
from album2avatar.training.loop import Loop, Trainee, train
from album2avatar.training.phrases import palette_of, parts_of
from album2avatar.training.scenes import Cast

_READING_PLACES = 8
"""The clauses are read at the end token or up to this many places after it, because the UNet
looks at all of them."""
_COLOR_WEIGHT = 3.0


@dataclass(frozen=True)
class Answers:
    """What the classifiers may answer: question to its possible words. Index 0 is `not told`."""

    words: Mapping[str, tuple[str, ...]]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of answers to each question, with `not told`."""
        return tuple(len(words) + 1 for words in self.words.values())

    def encode(self, facts: Mapping[str, str]) -> list[int]:
        """Index of each question's answer."""
        return [
            words.index(facts[question]) + 1 if question in facts else 0
            for question, words in self.words.items()
        ]


def facts_of(told: PartialScene) -> dict[str, str]:
    """Take a partial scene apart into questions and answers, such as `top color: red`."""
    facts: dict[str, str] = {"style": told.style, "subject": told.subject}
    if told.view is not None:
        facts["view"] = told.view
    if told.framing is not None:
        facts["framing"] = told.framing
    if told.background is not None:
        facts["background"] = told.background
    for phrase in told.phrases:
        facts |= {f"{phrase.kind} {part}": word for part, word in parts_of(phrase).items()}
    return facts


def collect_answers(scenes: Iterable[Scene]) -> Answers:
    """Find every question that occurs in the scenes, and its answers."""
    words: dict[str, set[str]] = {}
    for scene in scenes:
        whole = PartialScene(
            scene.subject, scene.phrases, scene.view, scene.framing, scene.background, scene.style
        )
        for question, word in facts_of(whole).items():
            words.setdefault(question, set()).add(word)
    words |= {"view": set(VIEWS), "framing": set(FRAMINGS), "style": {"photo", "normal map"}}
    words["subject"] |= {"person"}
    return Answers({question: tuple(sorted(words[question])) for question in sorted(words)})


class Reader(nn.Module):
    """Linear classifiers on one embedding, one per question, and one colour per coloured kind."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self.answers = answers
        self.colored = tuple(q for q in answers.words if q.endswith(" color"))
        self.classes = nn.Linear(EMBEDDING_SIZE, sum(answers.sizes))
        self.colors = nn.Linear(EMBEDDING_SIZE, 3 * len(self.colored))

    def forward(self, embedding: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Logits per question, and colours (B, K, 3) in -1..1, of embeddings (B, C)."""
        logits = self.classes(embedding).split(self.answers.sizes, dim=1)
        return logits, self.colors(embedding).view(len(embedding), -1, 3)

    def true_colors(self, captions: Sequence[Caption]) -> tuple[Tensor, Tensor]:
        """Colours (B, K, 3) in -1..1 that the captions tell, and whether they do (B, K)."""
        colors = torch.zeros(len(captions), len(self.colored), 3)
        are_told = torch.zeros(len(captions), len(self.colored))
        for row, caption in enumerate(captions):
            for phrase in caption.told.phrases:
                palette = palette_of(phrase)
                for part, word in parts_of(phrase).items():
                    question = f"{phrase.kind} {part}"
                    if question in self.colored:
                        column = self.colored.index(question)
                        colors[row, column] = torch.tensor(palette[word]) / 127.5 - 1
                        are_told[row, column] = 1
        return colors, are_told


@dataclass(frozen=True)
class TextTraining:
    """What decides how the text encoder turns out, next to the loop."""

    seed: int = 0
    batch: int = 48


def train_text_encoder(
    cast: Cast, tokenizer: CLIPTokenizer, loop: Loop, training: TextTraining
) -> CLIPTextModel:
    """Train from scratch or from the checkpoint; returns the averaged encoder."""
    torch.manual_seed(training.seed)
    encoder = make_text_encoder(tokenizer)
    examples = numpy_generator(training.seed, "answers")
    reader = Reader(collect_answers(cast.sample(examples) for _ in range(4000)))
    trainee = Trainee({"encoder": encoder, "reader": reader}, weight_decay=0.01)

    def loss_of_step(step: int) -> tuple[Tensor, Mapping[str, float]]:
        generator = numpy_generator(training.seed, "text", step)
        captions = [write_caption(cast.sample(generator), generator) for _ in range(training.batch)]
        places = torch.from_numpy(generator.integers(0, _READING_PLACES, training.batch))
        return reading_loss(encoder, reader, tokenizer, captions, places)

    train(trainee, loop, loss_of_step)
    encoder.load_state_dict(trainee.averaged("encoder"))
    return encoder


def reading_loss(
    encoder: CLIPTextModel,
    reader: Reader,
    tokenizer: CLIPTokenizer,
    captions: Sequence[Caption],
    places: Tensor,
) -> tuple[Tensor, Mapping[str, float]]:
    """Loss of reading captions `places` tokens after their end, and the share read correctly."""
    tokens = tokenizer(
        [caption.text for caption in captions],
        padding="max_length",
        truncation=True,
        max_length=PROMPT_LIMIT,
        return_tensors="pt",
    )
    ends = tokens.attention_mask.sum(dim=1) - 1
    read_at = (ends + places).clamp(max=PROMPT_LIMIT - 1)
    hidden = encoder(input_ids=tokens.input_ids)[0]
    logits, colors = reader(hidden[torch.arange(len(captions)), read_at])
    answers = torch.tensor([reader.answers.encode(facts_of(c.told)) for c in captions])
    loss = torch.zeros(())
    right, told = 0, 0
    for column, guesses in enumerate(logits):
        truth = answers[:, column]
        loss = loss + F.cross_entropy(guesses, truth, reduction="sum")
        is_told = truth > 0
        told += int(is_told.sum())
        right += int((guesses.argmax(dim=1) == truth)[is_told].sum())
    loss = loss / len(captions)
    true_colors, are_told = reader.true_colors(captions)
    squared = ((colors - true_colors).square().mean(dim=2) * are_told).sum()
    color_error = squared / are_told.sum().clamp(min=1)
    metrics = {"right": right / max(told, 1), "color": float(color_error.detach())}
    return loss + _COLOR_WEIGHT * color_error, metrics
