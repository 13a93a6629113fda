"""A run's results for others."""
