"""Two prompts compared: measures, differences and verdicts."""
