"""A template in which nothing is wrong."""

GOOD = '''
name = "mine"
version = 1
purpose = "A test."
variables = ["mappings"]
user = """
Give "pattern" and "description".
{% for row in mappings %}
{{ loop.index }} {{ row.source | json }} -> {{ row.targets | json }}
{% endfor %}
"""
[schema]
type = "object"
additionalProperties = false
required = ["pattern", "description"]
[schema.properties.pattern]
type = "string"
[schema.properties.description]
type = "string"
'''
