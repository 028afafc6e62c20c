"""Where the face is."""

from torch import Tensor


def in_front(vertices: Tensor, left_eye: Tensor, right_eye: Tensor) -> Tensor:
    """Box of the face from hairline to chin, measured in distances between the eyes.

    Args:
        vertices: (V, 3) of a head in the rest pose.
        left_eye, right_eye: (V,) bool, the eyeballs. Without them there is no face.

    Returns:
        (V,) bool.
    """
    if not (bool(left_eye.any()) and bool(right_eye.any())):
        return left_eye & right_eye
    left, right = vertices[left_eye].mean(0), vertices[right_eye].mean(0)
    between, unit = (left + right) / 2, (left - right).norm()
    offset = (vertices - between) / unit
    return (offset[:, 1] < 0.8) & (offset[:, 2] > -2.2) & (offset[:, 2] < 1.1)
