"""This machine, a model and an LLM, looked at."""
