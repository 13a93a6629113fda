"""Descriptions tried in the running model: sources and targets that they name, and what steering does."""
