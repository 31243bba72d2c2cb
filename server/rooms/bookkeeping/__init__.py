"""What was sold: the ledger, what it adds up to, and whether the books agree."""
