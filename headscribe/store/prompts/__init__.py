"""What comparing prompts leaves on disk."""
