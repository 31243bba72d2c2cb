"""Who follows, waits, belongs, votes and draws lots."""
