"""A device that is computed on the CPU and is as strict as a GPU, for tests without one.

Tensors that are moved to `DEVICE` keep their data in the main memory, but an operation that meets
a tensor of the CPU beside one of the device fails as it does on a GPU, and so does asking for a
NumPy view. It takes the place that torch keeps for devices of others, which autograd knows in a
build for CPUs, too.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import pytest
import torch
import warp as wp
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)


class _Module(_DummyBackendModule):
    """What torch asks about a device."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        """Of autocast."""
        return [torch.bfloat16]


_setup_privateuseone_for_python_backend("pretended", _Module())
DEVICE = torch.device("pretended", 0)
MOVES = ("aten::_to_copy", "aten::copy_")
"""Operations that may meet both devices."""
INDEXED = ("aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_")
"""Operations whose indices may be the CPU's if what they index is the device's."""


class DeviceTensor(torch.Tensor):
    """A tensor that says it is on the device."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> "DeviceTensor":
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
        )
        made.inner = inner
        return made

    def __repr__(self) -> str:
        return f"on the device: {self.inner!r}"

    @property
    def data(self) -> torch.Tensor:
        """Shares what is behind it."""
        return DeviceTensor(self.inner)

    @data.setter
    def data(self, value: torch.Tensor) -> None:
        torch.Tensor.data.__set__(self, value)
        self.inner = _inner(value)

    def tolist(self) -> Any:
        """Like every device's, copied first."""
        return self.inner.tolist()

    def numpy(self, *args: Any, **kwargs: Any) -> np.ndarray:
        """What a GPU's tensors say."""
        raise TypeError("can't convert a device tensor to numpy; use Tensor.cpu() first")

    __array__ = numpy

    @classmethod
    def __torch_dispatch__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(function, args, kwargs or {})


def _run(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    name = function._schema.name
    tensors = [each for each in tree_flatten((args, kwargs))[0] if isinstance(each, torch.Tensor)]
    on_device = any(isinstance(each, DeviceTensor) for each in tensors)
    if on_device and name not in MOVES:
        _check(name, tensors)
    made = function(*tree_map(_inner, args), **tree_map(_inner, kwargs))
    if name == "aten::copy_":
        return args[0]
    wanted = kwargs.get("device")
    if (on_device and wanted is None) or (wanted is not None and torch.device(wanted) == DEVICE):
        wrapped = tree_map(_outer, made)
        return return_and_correct_aliasing(function, args, kwargs, wrapped)
    # A copy from the device to the CPU is a copy even where nothing changes.
    return made.clone() if on_device and name == "aten::_to_copy" else made


def _check(name: str, tensors: list[torch.Tensor]) -> None:
    """Everything is on the device, but for single numbers and a device tensor's indices."""
    strangers = [each for each in tensors if not isinstance(each, DeviceTensor) and each.dim() > 0]
    if name in INDEXED and isinstance(tensors[0], DeviceTensor):
        strangers = [each for each in strangers if each.is_floating_point()]
    if strangers:
        shapes = [(each.device.type, tuple(each.shape)) for each in tensors]
        raise RuntimeError(f"{name} meets tensors of the CPU and of the device: {shapes}")


def _inner(value: Any) -> Any:
    if isinstance(value, DeviceTensor):
        return value.inner
    return torch.device("cpu") if isinstance(value, torch.device) and value == DEVICE else value


def _outer(value: Any) -> Any:
    is_plain = isinstance(value, torch.Tensor) and not isinstance(value, DeviceTensor)
    return DeviceTensor(value) if is_plain else value


class _Operations(TorchDispatchMode):
    """Makes tensors on the device where one is asked for."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(function, args, kwargs or {})


_KERNELS = torch.library.Library("aten", "IMPL")
"""Where torch makes tensors of numbers it asks no mode."""


@torch.library.impl(_KERNELS, "empty_strided", "PrivateUse1")
def _empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, **_: Any
) -> torch.Tensor:
    return DeviceTensor(torch.empty_strided(size, stride, dtype=dtype))


@torch.library.impl(_KERNELS, "_copy_from", "PrivateUse1")
def _copy_from(source: torch.Tensor, target: torch.Tensor, _: bool = False) -> torch.Tensor:
    _inner(target).copy_(_inner(source))
    return target


@contextmanager
def pretended_accelerator() -> Iterator[None]:
    """Within, `DEVICE` is a device like any other. Kernels of Warp run on the data behind it."""
    with pytest.MonkeyPatch.context() as patch, _Operations():
        from_torch = cast(Callable[..., Any], wp.from_torch)
        patch.setattr(wp, "from_torch", lambda tensor, **kw: from_torch(_inner(tensor), **kw))
        patch.setattr(wp, "device_from_torch", lambda device: wp.get_device("cpu"))
        yield
