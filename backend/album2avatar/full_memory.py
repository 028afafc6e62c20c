"""How an error says that memory ran out. Without torch, whose own import may have failed."""

_WORDS = (
    "can't allocate memory",  # torch, on the CPU
    "CUDA error: out of memory",  # torch, beside its own allocator
    "CUBLAS_STATUS_ALLOC_FAILED",  # torch, where cuBLAS or cuDNN found no room for a workspace
    "CUDNN_STATUS_ALLOC_FAILED",
    "Failed to allocate",  # Warp, on either device
)


def says_memory_is_full(error: BaseException) -> bool:
    """Tell whether Python, NumPy, torch or Warp raised this because memory ran out."""
    # torch's class is told by its name: it may not be importable.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _WORDS)
