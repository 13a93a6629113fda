"""What checks by inference add to a map directory."""
