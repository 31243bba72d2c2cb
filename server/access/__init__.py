"""Access control: tokens, signatures, origins, rate limits."""
