"""The card of an exported dataset."""
