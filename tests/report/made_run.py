"""A run as records: as many heads as wanted, with all that a report can show of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping, OperationScore, Token
from headscribe.core.rounds import AskedItem, Confidence, Experiment, Round, Transcript
from headscribe.report.overview import Origin
from headscribe.report.page import render_report

WORDS = 5_000
CATEGORIES = ("knowledge", "linguistic", "algorithmic", "translation", "code")
ROWS, TARGETS, OPERATIONS, ITEMS = 30, 5, 85, 16


@dataclass(frozen=True)
class MadeRun:
    """Every record is drawn from the seed of its head; nothing is kept, so a large run costs no memory."""

    layers: int
    heads_per_layer: int

    @property
    def heads(self) -> list[Head]:
        return [Head(layer, head) for layer in range(self.layers) for head in range(self.heads_per_layer)]

    def descriptions(self) -> Iterator[Description]:
        for head in self.heads:
            rng = random.Random(head.name)
            status = rng.choice([Status.OK] * 8 + [Status.UNCLEAR, Status.FAILED])
            text = f"Promotes words near word{rng.randrange(WORDS)} and its kind, whatever the source says."
            sure = rng.random() if status is not Status.FAILED else None
            outcome = Outcome(
                status,
                inputs="Nouns of any kind." if status is Status.OK else None,
                pattern="Each goes to a word of its own kind." if status is Status.OK else None,
                description=text if status is Status.OK else None,
                error="the server answered 500" if status is Status.FAILED else None,
                confidence=sure,
                confidence_low=None if sure is None else max(0.0, sure - 0.2),
                confidence_high=None if sure is None else min(1.0, sure + 0.2),
                n_tests=0 if sure is None else ITEMS,
                rounds=2,
            )
            yield Description(head, outcome, "verified", "made-up-llm", "describe@1", None, 2100, 180, 0.0012)

    def maps(self) -> Iterator[HeadMap]:
        for head in self.heads:
            rng = random.Random(head.name)
            yield HeadMap(head, tuple(self._mapping(rng, rank) for rank in range(ROWS)))

    def _mapping(self, rng: random.Random, rank: int) -> Mapping:
        def tokens(n: int) -> tuple[Token, ...]:
            return tuple(Token(id, f" word{id}") for id in rng.sample(range(WORDS), n))

        logits = tuple(float(TARGETS - place) for place in range(TARGETS))
        return Mapping(rank, tokens(1)[0], 2.5 - rank / 50, tokens(TARGETS), logits, tokens(TARGETS), logits)

    def scores(self) -> Iterator[OperationScore]:
        for head in self.heads:
            rng = random.Random(head.name)
            for number in range(OPERATIONS):
                hits = rng.randrange(20) if rng.random() < 0.3 else 0
                category = CATEGORIES[number % len(CATEGORIES)]
                yield OperationScore(
                    head, f"operation_{number}", category, hits, rng.randrange(2), 10, 40 + number
                )

    def transcripts(self) -> Iterator[tuple[Head, Transcript]]:
        for head in self.heads:
            rng = random.Random(head.name)
            rounds = tuple(
                Round(
                    number,
                    "ok",
                    description=f"Attempt {number}.",
                    kept=number == 2,
                    confidence=Confidence(0.5, n=8),
                )
                for number in (1, 2)
            )
            experiments = tuple(
                Experiment(n, "map_tokens", '{"tokens": [" a"]}', "[" + '" word",' * 40 + "1]")
                for n in range(1, 4)
            )
            yield head, Transcript(rounds, tuple(self._item(rng, n) for n in range(ITEMS)), experiments)

    def _item(self, rng: random.Random, number: int) -> AskedItem:
        kind = ("true", "other-row", "other-targets", "choice")[number % 4]
        choices = tuple(
            tuple(f" word{id}" for id in rng.sample(range(WORDS), TARGETS))
            for _ in range(4 if kind == "choice" else 1)
        )
        right = "B" if kind == "choice" else "yes" if kind == "true" else "no"
        answer = right if rng.random() < 0.7 else "A" if kind == "choice" else "yes"
        part = "test" if number < ITEMS // 2 else "validation"
        reason = "The targets are of the kind that the description names, which the source is too."
        return AskedItem(2, part, kind, 7, " word7", choices, right, answer, reason)  # type: ignore[arg-type]

    def page(self) -> str:
        """The report of all this."""
        return render_report(
            "made-up/model",
            [("Model", "made-up/model"), ("LLM", "made-up-llm"), ("Cost", "1.23 USD")],
            ["Nobody described these heads: the run is made up."],
            self.descriptions(),
            self.maps(),
            self.scores(),
            origin=Origin("made-up/model", "abc123", "f" * 64, "0.1", "2026-01-02T03:04:05+00:00"),
            transcripts=self.transcripts(),
        )
