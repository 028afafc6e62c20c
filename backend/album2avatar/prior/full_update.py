"""Full fine-tuning: every weight of UNet and text encoders learns."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from album2avatar.errors import ModelError
from album2avatar.files import atomic_path, write_json
from album2avatar.prior.adapter import CONFIG_FILE, WEIGHTS_FILE, parts_of
from album2avatar.prior.model import Prior


class FullUpdate:
    """The prior's own weights, unfrozen in place, and what they were before.

    The tables of word embeddings stay frozen: of them only the tokens' rows learn.
    """

    def __init__(self, prior: Prior) -> None:
        prior.vae.requires_grad_(False)
        self._named: dict[str, nn.Parameter] = {}
        for part in parts_of(prior):
            module: nn.Module = getattr(prior, part).requires_grad_(True)
            for table in (m for m in module.modules() if isinstance(m, nn.Embedding)):
                table.requires_grad_(False)
            self._named |= {
                f"{part}.{name}": parameter
                for name, parameter in module.named_parameters()
                if parameter.requires_grad
            }
        self._before = {name: p.detach().cpu().clone() for name, p in self._named.items()}

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What learns, in an order that doesn't change from run to run."""
        return list(self._named.values())

    def tensors(self) -> dict[str, Tensor]:
        """The weights as they are, for a checkpoint."""
        return dict(self._named)

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go back to the weights of `tensors`.

        Raises:
            ModelError: they belong to another network.
        """
        shapes = {name: parameter.shape for name, parameter in self._named.items()}
        if shapes != {name: tensor.shape for name, tensor in tensors.items()}:
            raise ModelError(
                "The checkpoint doesn't fit this prior. Delete the personalisation's checkpoint "
                "and run the command again."
            )
        for name, parameter in self._named.items():
            parameter.copy_(tensors[name])

    def save(self, folder: Path) -> None:
        """Write the change of every weight, as bfloat16: 8 bits of a change are plenty."""
        changes = {
            name: (parameter.detach().cpu() - self._before[name]).bfloat16().contiguous()
            for name, parameter in self._named.items()
        }
        with atomic_path(folder / WEIGHTS_FILE) as temporary:
            save_file(changes, temporary)
        write_json(folder / CONFIG_FILE, {"method": "full"})
