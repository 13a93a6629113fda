"""Descriptions against operation scores."""
