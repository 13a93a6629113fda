"""A run directory: its header, its tables, and the journal of calls and outcomes."""
