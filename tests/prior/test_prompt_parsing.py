"""What of an artist's sentence becomes an asset."""

import pytest

from album2avatar.assets import AssetKind
from album2avatar.prior.prompt_parsing import parse_description
from album2avatar.prior.prompts import AssetPhrase, compose_prompt
from album2avatar.synthetic.captions import person_phrases
from album2avatar.synthetic.people import sample_person


def test_a_composed_sentence_is_read_back_whole():
    """For people of all outfits, patterns and hair."""
    for seed in range(400):
        person = sample_person(seed)
        phrases = person_phrases(person)
        read = parse_description(compose_prompt(person.subject, phrases))
        assert read.subject == person.subject
        assert set(read.phrases) == set(phrases)
        assert read.rest == ""


@pytest.mark.parametrize(
    ("sentence", "phrases", "rest"),
    [
        ("with a red hat", [("headwear", "red hat")], ""),
        ("smiling", [], "smiling"),
        ("wearing a red scarf", [], "wearing a red scarf"),
        ("a worn denim jacket", [("outerwear", "worn denim jacket")], ""),
        ("T-shirt in red and white", [("top", "T-shirt in red and white")], ""),
        ("hair in braids, a hat", [("hair", "hair in braids"), ("headwear", "hat")], ""),
        ("a red hat and a blue beanie", [("headwear", "red hat")], "a blue beanie"),
        ("with a long beard", [("face", "bearded")], ""),
        ("", [], ""),
    ],
)
def test_unknown_words_stay_in_the_phrase_or_in_the_rest(
    sentence: str, phrases: list[tuple[AssetKind, str]], rest: str
):
    read = parse_description(sentence)
    assert read.subject is None
    assert list(read.phrases) == [AssetPhrase(*phrase) for phrase in phrases]
    assert read.rest == rest


def test_words_before_the_subject_speak_of_the_person():
    read = parse_description("A tall, bald GIRL in blue jeans on a beach, barefoot")
    assert read.subject == "woman"
    assert set(read.phrases) == {
        AssetPhrase("face", "tall"),
        AssetPhrase("hair", "bald head"),
        AssetPhrase("bottom", "blue jeans on a beach"),
        AssetPhrase("shoes", "bare feet"),
    }


def test_phrases_of_kinds_that_are_there_go_to_the_rest():
    read = parse_description("with a red hat and green trousers, smiling").without({"bottom"})
    assert read.phrases == (AssetPhrase("headwear", "red hat"),)
    assert read.rest == "with green trousers, smiling"
