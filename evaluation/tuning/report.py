"""The table that `evoke tune` prints."""

from __future__ import annotations

from evaluation.measures import OBJECTIVE
from evaluation.results import align
from evaluation.tuning.records import Tuning
from indexer.bm25 import BM25
from search_api.ranking_settings import (
    Cleaning,
    Fusion,
)


def tuning_to_text(tuning: Tuning) -> str:
    """Gives the table of what is kept or taken, out of fold, and how benchmarks fare by that."""
    rows = [["", "queries", OBJECTIVE, "difference", "95%"]]
    for choice in tuning.choices:
        had, other = ("had", "takes") if choice.is_better else ("keeps", "over")
        n_queries = f"{choice.n_queries:,}" if choice.found else f"{choice.n_queries:,}, too few"
        label = f"{choice.step:<8}  {choice.kind or 'all':<9}  {had:<5}  {setting_to_text(choice.serving)}"
        rows.append([label, n_queries, f"{choice.before:.3f}" if choice.n_queries else "", "", ""])
        if choice.found and choice.found != choice.serving:
            gain = choice.difference
            rows.append(
                [f"{'':<8}  {'':<9}  {other:<5}  {setting_to_text(choice.found)}", "", f"{choice.after:.3f}",
                 f"{gain.value:+.3f}", f"{gain.low:+.3f} to {gain.high:+.3f}"]
            )  # fmt: skip
    means = [["", "before", "after"]] + [
        [name, f"{before:.3f}", f"{after:.3f}"] for name, (before, after) in tuning.benchmarks.items()
    ]
    return "\n".join([*align(rows), "", *align(means)])


def setting_to_text(setting: BM25 | Cleaning | Fusion) -> str:
    """Gives a setting in a few words; a weight of 1 goes without saying."""
    if isinstance(setting, Cleaning):
        said = [("as typed", "unwrapped")[setting.unwrap], *(["weighed"] if setting.weigh_terms else [])]
        return ", ".join([*said, *([f"{setting.most_terms} terms"] if setting.most_terms else [])])
    weights = [f"{name} {weight:g}" for name, weight in sorted(setting.weights.items()) if weight != 1]
    if isinstance(setting, BM25):
        return ", ".join([f"k1 {setting.k1:g}", f"b {setting.b:g}", *weights])
    return ", ".join([f"{setting.method} of {setting.depth}", *weights])
