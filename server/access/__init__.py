"""Who calls: tokens, signatures, rates."""
