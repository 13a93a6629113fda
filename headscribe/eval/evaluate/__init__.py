"""Descriptions against operation scores: what they express, how well that agrees, and how surely."""
