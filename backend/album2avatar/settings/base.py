"""Base of all settings: frozen, and strict about unknown names."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Settings that can't change once made and don't accept a name they don't know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
