"""A map directory: its header, its tables, and the layers kept while it is made."""
