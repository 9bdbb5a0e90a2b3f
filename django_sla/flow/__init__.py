"""Floor 3: the only writers. Facts are appended as events; all else follows from them."""
