"""What a mirror does to a picture of a person: left and right change their names."""

from collections.abc import Sequence

from torch import Tensor

from album2avatar.perception.network import NetworkConfig, NetworkOutput

_OTHER = {"left": "right", "right": "left"}


def mirrored_names(names: Sequence[str]) -> list[int]:
    """Index of each name's partner on the other side; its own where it has no side.

    Args:
        names: such as `left_knee` or `left side`.
    """
    partners: list[int] = []
    for name in names:
        separator = "_" if "_" in name else " "
        words = [_OTHER.get(word, word) for word in name.split(separator)]
        partners.append(names.index(separator.join(words)))
    return partners


def mirror_output(output: NetworkOutput, config: NetworkConfig) -> NetworkOutput:
    """Average the scores of a picture and of its mirror image.

    Args:
        output: of a batch of two: the picture and its mirror image.

    Returns:
        Scores of the picture, a batch of one.
    """
    points = mirrored_names(config.keypoints)
    views = mirrored_names(config.attributes["view"])

    def mean(scores: Tensor, mirrored: Tensor) -> Tensor:
        return (scores[:1] + mirrored[1:]) / 2

    attributes = {name: mean(scores, scores) for name, scores in output.attributes.items()}
    attributes["view"] = mean(output.attributes["view"], output.attributes["view"][:, views])
    return NetworkOutput(
        pixels=mean(output.pixels, output.pixels.flip(-1)),
        heatmaps=mean(output.heatmaps, output.heatmaps[:, points].flip(-1)),
        absent=mean(output.absent, output.absent[:, points]),
        attributes=attributes,
    )
