"""The main job: map and score what is missing, describe what is left, and keep all of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Unpack

from headscribe.core.batch import Batch
from headscribe.core.settings import EngineName
from headscribe.pipeline.describe.batch import check_batch
from headscribe.pipeline.describe.options import DescribeOptions
from headscribe.pipeline.describe.outputs import WriteReport
from headscribe.pipeline.describe.request import read_request
from headscribe.pipeline.describe.session import Session
from headscribe.pipeline.describe.summary import RunSummary
from headscribe.pipeline.engines import open_engine
from headscribe.store.describe.run_writer import RunWriter


def describe(
    model: str,
    run: Path,
    write_report: WriteReport,
    *,
    batch: Batch | None = None,
    engine: EngineName = "local",
    address: str | None = None,
    **options: Unpack[DescribeOptions],
) -> RunSummary:
    """``describe_model``, which explains the arguments, with the way in which the report is written.

    Raises:
        HeadscribeError: an argument, the model, the LLM or the folder cannot be used.
    """
    started = time.monotonic()
    with open_engine(engine, address) as opened:
        request = read_request(model, run, opened, **options)
        if batch:
            check_batch(batch, request)
        with RunWriter(run) as writer:
            session = Session(request, writer, write_report, started)
            try:
                session.open_map(asks=batch is None)
                if batch:
                    session.describe_by(batch)
                else:
                    session.describe()
            except KeyboardInterrupt:
                session.asked.interrupted = True
            return session.finish()
