"""Tables declared by records (``core/columns.py``): schemas, writers, checked readers; none of a feature."""
