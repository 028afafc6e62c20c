"""Looking up rows of a table so that the gradient is the same at every run."""

from torch import Tensor


def gather_rows(table: Tensor, index: Tensor) -> Tensor:
    """Rows of `table` at `index`, differentiable in `table`.

    Indexing with brackets sums its gradient with atomic additions, whose order, and so
    whose last bits, change from run to run when there are several CPU threads.
    `index_select` sums in the order of `index`, and is the faster of the two.

    Args:
        table: (N, *D).
        index: (*S) int64.

    Returns:
        (*S, *D).
    """
    rows = table.index_select(0, index.reshape(-1))
    return rows.reshape(*index.shape, *table.shape[1:])
