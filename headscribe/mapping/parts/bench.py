"""Many small questions about a model's heads taken apart, with what they share computed once and kept."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.parts.one_head import OneHead, ViewSources
from headscribe.mapping.source_view import View, view_of_layer

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint

MEMORY = 2 * 2**30
"""Bytes that the heads at hand may take; two are kept whatever they take, to be compared."""


class PartsBench:
    """Heads taken apart, as they are asked about, by one thread at a time.

    Args:
        settings: source view, norms, padded rows and arithmetic; the sizes in it are not used.
        memory: bytes that the heads at hand may take, beside what all heads share.
    """

    def __init__(self, checkpoint: Checkpoint, settings: MapSettings, memory: int = MEMORY) -> None:
        self._checkpoint, self._settings, self._memory = checkpoint, settings, memory
        self._shared: dict[View, ViewSources] = {}
        self._heads: OrderedDict[Head, OneHead] = OrderedDict()

    def head(self, head: Head) -> OneHead:
        """The head, taken apart; those longest not asked about make room.

        Raises:
            BadOption: as ``OneHead``.
        """
        if head not in self._heads:
            view = view_of_layer(self._settings, head.layer)
            one = OneHead(self._checkpoint, self._settings, head, self._shared.get(view))
            self._shared[view] = one.shared
            self._heads[head] = one
            while len(self._heads) > max(2, self._memory // one.n_bytes):
                self._heads.popitem(last=False)
        self._heads.move_to_end(head)
        return self._heads[head]
