"""Describing heads: the main job."""
