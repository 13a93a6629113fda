"""The page on which people judge descriptions."""
