"""The prefix cache hit rate that a vLLM server reports in the Prometheus text format."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from headscribe.agent.llm.vllm_metrics import prefix_cache_hits, read_prefix_cache

METRICS = """\
# HELP vllm:prefix_cache_queries_total Prefix cache queries, in terms of number of queried tokens.
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{engine="0",model_name="tiny"} 1.2e+06
vllm:prefix_cache_queries_total{engine="1",model_name="tiny"} 300000.0
vllm:prefix_cache_queries_created{engine="0",model_name="tiny"} 1.7e+09
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{engine="0",model_name="tiny"} 900000.0
vllm:external_prefix_cache_hits_total{engine="0",model_name="tiny"} 7.0
"""


def test_counts_are_summed_over_engines_and_nothing_else_is_counted():
    assert prefix_cache_hits(METRICS) == (900_000.0, 1_500_000.0)


@pytest.mark.parametrize("text", ["", "vllm:prefix_cache_queries_total 0.0\n", "not metrics"])
def test_a_server_that_counts_nothing_has_no_rate(text):
    assert prefix_cache_hits(text) is None


def test_counts_are_read_from_the_server():
    # A server of its own: the fixture's serves the tests after this one too.
    with HTTPServer() as server:
        server.expect_request("/metrics").respond_with_data(METRICS)
        assert read_prefix_cache(server.port) == (900_000.0, 1_500_000.0)
    assert read_prefix_cache(server.port) is None
