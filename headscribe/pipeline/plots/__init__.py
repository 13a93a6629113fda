"""Figures of maps, checks, comparisons and evaluations."""
