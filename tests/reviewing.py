"""Reviews for tests: different texts in English, of some hundred characters."""

from __future__ import annotations

import random
from typing import Any

_SUBJECTS = (
    "The film",
    "This story",
    "The ending",
    "Her part",
    "The music",
    "His camera",
    "The first hour",
    "The town",
)
_VERBS = ("made me feel", "left me", "kept all of us", "had the whole room", "was never", "would have been")
_WORDS = (
    "uneasy", "quiet", "slow", "tender", "bleak", "funny", "haunted", "bored", "moved", "warm", "cold", "angry", "lost",
    "dizzy", "calm", "thrilled", "sad", "restless", "awake", "hopeful",
)  # fmt: skip


def write_text(seed: int, n_sentences: int = 6) -> str:
    """Return a text in English; another seed gives another text."""
    draw = random.Random(seed)
    return " ".join(
        f"{draw.choice(_SUBJECTS)} {draw.choice(_VERBS)} {draw.choice(_WORDS)} and {draw.choice(_WORDS)}, "
        f"which is what {draw.choice(_WORDS)} people said of it in {draw.randint(1900, 2020)}."
        for _ in range(n_sentences)
    )


def make_review(seed: int, **facts: Any) -> dict[str, Any]:
    """Return a review as a record has it."""
    return {"text": write_text(seed), **facts}
