"""What viewers say and ask, and how they are answered."""
