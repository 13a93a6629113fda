"""What context look-ups keep in a run directory."""
