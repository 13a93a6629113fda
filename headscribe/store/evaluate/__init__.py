"""What an evaluation adds to a run directory."""
