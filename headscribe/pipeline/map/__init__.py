"""The map of a model: made, scored, asked."""
