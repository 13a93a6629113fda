"""What a vocabulary, an LLM or a person may write to act in a page, or to break it."""

TEXTS = (
    "<img src=x onerror=\"document.title='hacked';alert(1)\">",
    "</script><script>document.title='hacked'</script><!--",
    "<svg onload=alert(1)><a href=javascript:alert(1)>x</a>",
    "<style>body{display:none}</style><base href=//evil.example>",
    "\u202e\u2066right to left\u2069\u202c \u200f\u061c",
    "\x00\x01\x08\x1b[2J\r\n\t\x7f\x85\u2028\u2029",
    "\ud800 half \udfff",
    "{{ 7*7 }} {% raw %} ${alert(1)} `",
    "__proto__",
    "x" * 10_000,
    "\u0e49" * 2_000,
    "",
)
