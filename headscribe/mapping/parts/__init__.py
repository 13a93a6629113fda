"""A head taken apart: what it does whatever the source, and because of it (definitions section 8)."""
