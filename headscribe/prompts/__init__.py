"""What an LLM is asked: versioned templates, kept as data files, rendered from evidence."""

from headscribe.prompts.estimate import estimate_tokens as estimate_tokens
from headscribe.prompts.loading import find_template as find_template
from headscribe.prompts.loading import find_templates as find_templates
from headscribe.prompts.loading import fitting_reference as fitting_reference
from headscribe.prompts.loading import load_template as load_template
from headscribe.prompts.loading import template_names as template_names
from headscribe.prompts.template import Template as Template
