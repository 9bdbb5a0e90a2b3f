"""Floor 2: rows, and how to ask them."""
