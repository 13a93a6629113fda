"""What steering adds to a run."""
