"""What several tests of the indexer need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from indexer.records import Features, Work
from indexer.values.labelling import ZeroShotLabeller


@pytest.fixture
def labelled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the works that are labelled, in order."""
    ids: list[str] = []

    def label(labeller: ZeroShotLabeller, works: Sequence[tuple[Work, Features]]) -> Any:
        ids.extend(work.id for work, _ in works)
        return whole(labeller, works)

    whole = ZeroShotLabeller.label
    monkeypatch.setattr(ZeroShotLabeller, "label", label)
    return ids
