"""What is sold, to whom, at what price, and the money for it."""
