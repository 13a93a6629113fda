"""Exported results: a folder of files, and its way to the hub."""
