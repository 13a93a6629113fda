"""What an LLM costs: dated prices as data, the user's own before them, and nothing guessed."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from headscribe.agent.llm.spec import parse_llm
from headscribe.agent.prices import find_price, parse_prices, shipped_prices
from headscribe.core.errors import BadOption
from headscribe.core.prices import Price, read_price
from headscribe.core.records import Usage


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "headscribe"
    folder.mkdir()
    return folder


def test_every_shipped_price_has_a_day_and_a_place_and_cheaper_cached_tokens():
    prices = [price for models in shipped_prices().values() for price in models.values()]
    assert prices
    for price in prices:
        assert datetime.date.fromisoformat(price.as_of) < datetime.date(2027, 1, 1)
        assert price.source.startswith("https://")
        assert 0 < (price.cached or price.input / 2) < price.input < price.output
        assert not price.until or price.until > price.as_of


def test_a_price_that_was_announced_to_end_is_not_known_afterwards(config: Path):
    entry = '[openai."promoted"]\ninput = 1\noutput = 2\nuntil = "{}"\n'
    today = datetime.datetime.now(tz=datetime.UTC).date()
    (config / "prices.toml").write_text(entry.format(today.isoformat()))
    assert find_price(parse_llm("openai:promoted")) is not None
    (config / "prices.toml").write_text(entry.format((today - datetime.timedelta(1)).isoformat()))
    assert find_price(parse_llm("openai:promoted")) is None


def test_cost_counts_cached_tokens_at_their_own_price():
    price = Price(2.0, 8.0, 0.5)
    assert price.cost(Usage(1_000_000, 1_000_000)) == 10.0
    assert price.cost(Usage(1_000_000, 0, 400_000)) == pytest.approx(0.6 * 2 + 0.4 * 0.5)
    assert Price(2.0, 8.0).cost(Usage(1_000_000, 0, 400_000)) == 2.0, (
        "without a price of its own, the full one"
    )


def test_cost_is_not_known_where_the_server_reports_no_tokens():
    assert Price(2.0, 8.0).cost(Usage()) is None


def test_a_dated_snapshot_costs_what_its_model_costs():
    assert find_price(parse_llm("openai:gpt-4o-mini-2024-07-18")) == find_price(
        parse_llm("openai:gpt-4o-mini")
    )


@pytest.mark.parametrize("llm", ["openai:gpt-unheard-of", "http://localhost:1/v1#gpt-4o-mini", "mistralai:x"])
def test_an_unknown_price_is_none_and_never_guessed(llm):
    assert find_price(parse_llm(llm)) is None


@pytest.mark.parametrize("llm", ["fake", "vllm:some/model"])
def test_nobody_charges_for_what_runs_here(llm):
    price = find_price(parse_llm(llm))
    assert price is not None
    assert price.cost(Usage(1000, 1000)) == 0.0


def test_the_users_own_file_comes_before_the_shipped_one_and_the_option_before_both(config: Path):
    text = '[openai."gpt-4o-mini"]\ninput = 7\noutput = 9\n[server."qwen"]\ninput = 1\noutput = 2\n'
    (config / "prices.toml").write_text(text)
    mini = parse_llm("openai:gpt-4o-mini")
    own = find_price(mini)
    assert own is not None
    assert (own.input, own.output, own.cached) == (7.0, 9.0, None)
    server = find_price(parse_llm("http://localhost:1/v1#qwen"))
    assert server is not None
    assert server.input == 1.0
    given = find_price(mini, (0.5, 0.6))
    assert given is not None
    assert (given.input, given.output, given.source) == (0.5, 0.6, "--price")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("not toml", "not TOML"),
        ('[openai."m"]\ninput = 1\n', "not complete"),
        ('[openai."m"]\ninput = 1\noutput = -1\n', "no number"),
        ('[openai."m"]\ninput = 1\noutput = "2"\n', "no number"),
        ('[openai."m"]\ninput = 1\noutput = 2\ncahced = 1\n', "unknown keys"),
    ],
)
def test_a_wrong_price_file_is_one_line_that_names_the_entry(text, what):
    with pytest.raises(BadOption, match=what) as caught:
        parse_prices(text, "mine.toml")
    assert "mine.toml" in str(caught.value)


def test_the_option_takes_two_numbers():
    assert read_price("") is None
    assert read_price("0.15, 0.60") == (0.15, 0.60)


@pytest.mark.parametrize("text", ["1", "1,2,3", "a,b", "-1,2", "nan,1", "1,inf"])
def test_other_texts_are_no_price(text):
    with pytest.raises(BadOption, match="not a price"):
        read_price(text)
