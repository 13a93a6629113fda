"""Context look-ups: next-token neurons and the heads that feed them."""
