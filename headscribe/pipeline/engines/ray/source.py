"""A checkpoint as another machine finds it, and the check that it is the same there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from headscribe.core.errors import ClusterUnavailable, DamagedCheckpoint, ModelNotFound
from headscribe.store.tool import this_tool

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Source:
    """What a worker needs to open the very checkpoint that the driver has opened.

    Attributes:
        model: ``demo``, a hub id, or the absolute path of a folder.
        revision: the hub's commit, None for a folder.
        weights_hash: of the driver's weight files.
        tokenizer_hash: of its tokenizer.
        version: of Headscribe.
    """

    model: str
    revision: str | None
    weights_hash: str
    tokenizer_hash: str
    version: str

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self:
        """The source of an open checkpoint."""
        folder = Path(checkpoint.name).expanduser()
        model = str(folder.resolve()) if checkpoint.name != "demo" and folder.is_dir() else checkpoint.name
        hashes = checkpoint.weights_hash, checkpoint.tokenizer_hash
        return cls(model, checkpoint.revision, *hashes, this_tool().version)

    def open(self) -> Checkpoint:
        """Open it, on another machine.

        Raises:
            HeadscribeError: it is not there, is another one there, or Headscribe is of another version.
        """
        from headscribe.mapping.checkpoint import open_checkpoint

        if this_tool().version != self.version:
            raise ClusterUnavailable(
                f"Headscribe is {this_tool().version} there and {self.version} here",
                do="Install the same version on every node",
            )
        try:
            checkpoint = open_checkpoint(self.model, self.revision)
        except ModelNotFound as error:
            do = "Put the checkpoint where every node finds it under the same path, or give a hub id"
            raise ModelNotFound(error.what, where=error.where, do=do) from error
        if (checkpoint.weights_hash, checkpoint.tokenizer_hash) != (self.weights_hash, self.tokenizer_hash):
            raise DamagedCheckpoint(
                "the checkpoint there is another one than here",
                where=self.model,
                do="Put the same files on every node, or on storage that all share",
            )
        return checkpoint
