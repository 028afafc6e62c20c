"""The diffusion model that knows people: loading, prompts, tokens, adapters."""
