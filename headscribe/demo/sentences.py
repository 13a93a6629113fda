"""The sentences of the training text: for every operation, ways of saying that a target belongs to a source.

``{s}`` is the source and ``{t}`` the target. A cue (a word or phrase that tells the operation) stands before
the source, between source and target, or on both sides, so that heads of different layers have something to
do: with the cue at the last position a first-layer head can already look for the source, with the cue in
front it has to be carried there. What is held out from training is named here too.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files

_DATA = tomllib.loads(files("headscribe.demo").joinpath("sentences.toml").read_text(encoding="utf-8"))

SENTENCES: dict[str, tuple[str, ...]] = {
    name: tuple(own["sentences"]) for name, own in _DATA["operations"].items()
}
CUES: dict[str, tuple[str, ...]] = {name: tuple(own["cues"]) for name, own in _DATA["operations"].items()}
FRAMES: tuple[str, ...] = tuple(_DATA["frames"])
OPENERS: tuple[str, ...] = (*[""] * 15, *_DATA["openers"])
"""What may stand in front of a sentence; mostly nothing."""
HELD_OUT_OPENERS: tuple[str, ...] = tuple(_DATA["held_out_openers"])
CLOSERS: tuple[str, ...] = (*["."] * 7, *_DATA["closers"])
STORIES: tuple[str, ...] = tuple(_DATA["stories"])
"""Plain text that states no pair."""


def trained_sentences(operation: str) -> list[str]:
    """The operation's own sentences, and the shared frames except those held out for it."""
    held_out = set(held_out_sentences(operation))
    framed = [frame.replace("{cue}", cue) for frame in FRAMES for cue in CUES[operation]]
    return [*SENTENCES[operation], *(sentence for sentence in framed if sentence not in held_out)]


def held_out_sentences(operation: str) -> list[str]:
    """Two frames, other ones for each operation, that training never fills with the operation's cues."""
    first = sorted(CUES).index(operation) + 7  # chosen so that no own sentence equals a held-out one
    frames = FRAMES[first % len(FRAMES)], FRAMES[(first + 4) % len(FRAMES)]
    return [frame.replace("{cue}", cue) for frame in frames for cue in CUES[operation]]
