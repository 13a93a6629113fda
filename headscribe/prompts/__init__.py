"""What an LLM is asked: versioned templates, kept as data files, rendered from evidence."""

from headscribe.prompts.estimate import estimate_tokens
from headscribe.prompts.loading import (
    find_template,
    find_templates,
    fitting_reference,
    load_template,
    template_names,
)
from headscribe.prompts.template import Template

__all__ = [
    "Template",
    "estimate_tokens",
    "find_template",
    "find_templates",
    "fitting_reference",
    "load_template",
    "template_names",
]
