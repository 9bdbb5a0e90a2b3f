"""Floor 5, beside the reports: readers only. What is wrong, why, and what mends it."""
