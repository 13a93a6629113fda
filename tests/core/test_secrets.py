"""Keys are hidden in whatever form a text holds them, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headscribe.core.secrets import SHORTEST_KEY, hide_keys, hide_known_keys

KEY = "s3cr/t+k=y\"'&7Zq"
FORMS = {
    "as it is": KEY,
    "URL": quote(KEY, safe=""),
    "URL, slashes kept": quote(KEY),
    "form": quote_plus(KEY),
    "URL, lower case": quote(KEY, safe="").replace("%2B", "%2b").replace("%3D", "%3d").replace("%2F", "%2f"),
    "JSON": json.dumps(KEY)[1:-1],
    "JSON of PHP": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "HTML": html.escape(KEY),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "basic authentication": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "inside base64": base64.b64encode(f"ab{KEY}, and more".encode()).decode(),
}


@pytest.fixture(autouse=True)
def key_in_the_environment(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", f" {KEY}\n")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("hide", [hide_keys, hide_known_keys])
def test_a_key_is_hidden_in_every_form(form, hide):
    left = hide(f"before {FORMS[form]} behind", "[key]")
    assert left.startswith("before ")
    assert left.endswith(" behind")
    assert "[key]" in left
    assert len(left) <= len("before [key] behind") + 24, "what stood around it inside base64 may be left"


@given(
    before=st.binary(max_size=5),
    behind=st.binary(max_size=5),
    key=st.text(string.ascii_letters + string.digits + "-_+/=", min_size=12, max_size=40),
)
def test_base64_of_any_text_around_a_key_does_not_give_it_away(before, behind, key):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOME_API_KEY", key)
        whole = base64.b64encode(before + key.encode() + behind).decode()
        left = hide_known_keys(whole, "*")
    # All but the characters that hold bits of both the key and its surroundings are gone.
    assert len(left) <= len(base64.b64encode(before)) + len(base64.b64encode(behind)) + 5


def test_what_an_llm_says_is_left_alone_but_for_keys(monkeypatch):
    monkeypatch.setenv("TINY_TOKEN", "x" * (SHORTEST_KEY - 1))
    monkeypatch.setenv("UNRELATED", "countries to capitals")
    text = "sk-learnable, hf_tokens and Bearer bonds; countries to capitals; xxxxxxx; http://a@b"
    assert hide_known_keys(text, "[key]") == text
    assert hide_keys("Bearer abc sk-proj-abcdef", "[key]") == "Bearer [key] [key]"
