"""Checks against the running model: dynamic scores, ablation, and the prompts they need. May import torch."""
