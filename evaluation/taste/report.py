"""Write the figures of recommendations as JSON and as tables."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from evaluation.records import Interval
from evaluation.results import align
from evaluation.taste.measuring import MEASURES, OBJECTIVE
from evaluation.taste.records import PairsResult, ProtocolResult, TasteEvaluation


def taste_to_json(evaluation: TasteEvaluation) -> bytes:
    """Return all figures as JSON; nothing of any one person is in it."""
    pairs = {"pairs": asdict(evaluation.pairs)} if evaluation.pairs else {}
    results = [asdict(result) for result in evaluation.results]
    return orjson.dumps({"results": results, "notes": evaluation.notes, **pairs}, option=orjson.OPT_INDENT_2)


def pairs_to_text(pairs: PairsResult) -> str:
    """Return the figures of similar pairs as one line."""
    return f"similar pairs: AUC {pairs.auc:.3f} ({pairs.n_similar:,} of {pairs.n_pairs:,} pairs are similar)"


def protocol_to_text(result: ProtocolResult) -> str:
    """Return the table that a terminal shows of a protocol."""
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
    return "\n".join([heading, *align(rows)])


def _signed(interval: Interval) -> str:
    return f"{interval.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
