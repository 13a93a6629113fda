"""Whether a checkpoint is read as its model runs."""
