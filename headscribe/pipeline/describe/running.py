"""The studied model at work: what it says next, with one of its heads and without it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from headscribe.core.errors import HeadscribeError
from headscribe.core.heads import Head
from headscribe.core.progress import Progress
from headscribe.core.records import Token
from headscribe.core.settings import MapSettings
from headscribe.pipeline.map.running import run_checkpoint

if TYPE_CHECKING:
    from headscribe.agent.experiments import Ablation, NextToken
    from headscribe.inference.next_tokens import Chance
    from headscribe.inference.running_model import RunningModel
    from headscribe.mapping.checkpoint import Checkpoint


class ModelAtWork:
    """A checkpoint that is run on texts, by one thread at a time.

    It is loaded when the first text comes. Where it cannot be run, the run goes on without it.

    Args:
        settings: device and arithmetic.
        progress: told, once, why it cannot be run.
    """

    def __init__(self, checkpoint: Checkpoint, settings: MapSettings, progress: Progress) -> None:
        self._checkpoint, self._settings, self._progress = checkpoint, settings, progress

    @cached_property
    def _model(self) -> RunningModel | None:
        from headscribe.mapping.devices import choose_arithmetic

        try:
            return run_checkpoint(self._checkpoint, choose_arithmetic(self._settings))
        except HeadscribeError as error:
            self._progress.say(f"Heads are described without running the model: {error}")
            return None

    def ablate(self, head: Head, text: str, top: int) -> Ablation | None:
        """Next tokens of a text with the head, and with it silenced at the last token.

        Args:
            text: any text; the tokenizer puts around it what it always does.
            top: next tokens wanted in each list.

        Returns:
            None where the model cannot be run, or where the text has no token or more than the model takes.
        """
        from headscribe.agent.experiments import Ablation
        from headscribe.inference.next_tokens import next_tokens

        ids, model = self._checkpoint.vocabulary.encode(text, True)[0], self._model
        if model is None or not ids or (model.n_positions is not None and len(ids) > model.n_positions):
            return None
        try:
            found = next_tokens(model, ids, head, top)
        except HeadscribeError as error:
            self._progress.say(f"The model cannot be run on a text: {error}")
            return None
        ends = (found.likeliest, found.ablated, found.raised, found.lowered)
        return Ablation(self._tokens(ids), *(tuple(map(self._next, end)) for end in ends))

    def _tokens(self, ids: list[int]) -> tuple[Token, ...]:
        texts = self._checkpoint.vocabulary.texts(ids)
        return tuple(Token(id, text) for id, text in zip(ids, texts, strict=True))

    def _next(self, chance: Chance) -> NextToken:
        from headscribe.agent.experiments import NextToken

        (token,) = self._tokens([chance.id])
        return NextToken(token, chance.present, chance.ablated)
