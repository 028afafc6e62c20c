"""What a distillation cost, so that methods can be compared at the same price."""

from pydantic import BaseModel, ConfigDict, Field


class DistillationCost(BaseModel):
    """`sculpt/cost.json` and `paint/cost.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(ge=0)
    """Steps of the optimisation."""
    prior_calls: int = Field(ge=0)
    """Pictures that the prior's network judged in them; the same picture under three wordings
    counts three times. What a conditioner beside it judges isn't counted again."""
