"""glTF accessors and buffer views over one growing binary buffer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from album2avatar.errors import ExportError

ARRAY_BUFFER = 34962
ELEMENT_ARRAY_BUFFER = 34963

_COMPONENT_TYPES = {"uint8": 5121, "uint16": 5123, "uint32": 5125, "float32": 5126}
_ELEMENT_TYPES: dict[tuple[int, ...], str] = {
    (): "SCALAR",
    (2,): "VEC2",
    (3,): "VEC3",
    (4,): "VEC4",
    (4, 4): "MAT4",
}


class GltfBuffer:
    """Collects arrays and files; `accessors` and `views` go into the glTF JSON."""

    def __init__(self) -> None:
        self.accessors: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self._chunks = bytearray()

    def add_array(self, array: NDArray[Any], target: int | None = None) -> int:
        """Append an array and describe it.

        Args:
            array: (N,), (N, 2), (N, 3), (N, 4), or (N, 4, 4) indexed [row, column]; uint8,
                uint16, uint32 or float32. glTF wants columns first, so matrices are turned here.
            target: what a graphics card uses the view for; None where it uses it for nothing.

        Returns:
            Index of the new accessor.

        Raises:
            ExportError: the array is empty or holds a value that is not finite.
        """
        if len(array) == 0 or not np.isfinite(array).all():
            raise ExportError(
                "The avatar can't be written: a part is empty or has coordinates that are not "
                "numbers. Delete its rig folder and run the same command again."
            )
        stored = array.swapaxes(1, 2) if array.ndim == 3 else array
        accessor: dict[str, Any] = {
            "bufferView": self.add_bytes(np.ascontiguousarray(stored).tobytes(), target),
            "componentType": _COMPONENT_TYPES[array.dtype.name],
            "count": len(array),
            "type": _ELEMENT_TYPES[array.shape[1:]],
        }
        if target is not None and array.ndim <= 2:
            columns = array.reshape(len(array), -1)
            accessor["min"] = columns.min(axis=0).tolist()
            accessor["max"] = columns.max(axis=0).tolist()
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def add_times(self, seconds: NDArray[np.float32]) -> int:
        """Append moments (N,), ascending, as an animation's input; returns as `add_array`."""
        accessor = self.add_array(seconds)
        bounds = {"min": [float(seconds[0])], "max": [float(seconds[-1])]}
        self.accessors[accessor].update(bounds)
        return accessor

    def add_bytes(self, data: bytes, target: int | None = None) -> int:
        """Append bytes at a multiple of four; return the index of their view."""
        view: dict[str, Any] = {
            "buffer": 0,
            "byteOffset": len(self._chunks),
            "byteLength": len(data),
        }
        if target is not None:
            view["target"] = target
        self._chunks += data
        self._chunks += bytes(-len(data) % 4)
        self.views.append(view)
        return len(self.views) - 1

    def content(self) -> bytes:
        """All that was appended; its length is a multiple of four."""
        return bytes(self._chunks)
