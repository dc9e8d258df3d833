"""Write the figures of recommendations as JSON and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import orjson

from evaluation.records import Interval
from evaluation.results import align
from evaluation.taste.measuring import MEASURES, OBJECTIVE
from evaluation.taste.records import ProtocolResult, TasteEvaluation


def taste_to_json(evaluation: TasteEvaluation) -> bytes:
    """Return all figures as JSON; nothing of any one person is in it."""
    pairs = {"pairs": asdict(evaluation.pairs)} if evaluation.pairs else {}
    results = [asdict(result) for result in evaluation.results]
    return orjson.dumps({"results": results, "notes": evaluation.notes, **pairs}, option=orjson.OPT_INDENT_2)


def taste_to_text(evaluation: TasteEvaluation) -> str:
    """Return the tables that a terminal shows."""
    parts = ["\n".join(_table(result)) for result in evaluation.results]
    if pairs := evaluation.pairs:
        parts.append(f"similar pairs: AUC {pairs.auc:.3f} ({pairs.n_similar:,} of {pairs.n_pairs:,} pairs are similar)")
    return "\n\n".join(parts)


def _table(result: ProtocolResult) -> Sequence[str]:
    first = next(iter(result.systems))
    heading = (
        f"{result.kind}, {result.name} ({result.meaning}): {result.n_people:,} people held out, "
        f"{result.n_works:,} works ranked; difference: {first} less this system"
    )
    rows = [["", OBJECTIVE, "95%", *(name for name in MEASURES if name != OBJECTIVE), "coverage", "difference, 95%"]]
    for name, figures in result.systems.items():
        objective = figures.measures[OBJECTIVE]
        others = [f"{figures.measures[each].value:.3f}" for each in MEASURES if each != OBJECTIVE]
        differs = _signed(figures.difference) if figures.difference else ""
        spread = f"{objective.low:.3f}-{objective.high:.3f}"
        rows.append([name, f"{objective.value:.3f}", spread, *others, f"{figures.coverage:.3f}", differs])
    return [heading, *align(rows)]


def _signed(interval: Interval) -> str:
    return f"{interval.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
