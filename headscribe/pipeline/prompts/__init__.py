"""Prompts compared on the same heads."""
