"""The page of context look-ups."""
