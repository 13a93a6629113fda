"""Asking an LLM: the loop, its budget, its meter, and Ctrl-C."""
