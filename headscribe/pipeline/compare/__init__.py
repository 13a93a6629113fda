"""Maps compared, and runs compared."""
