"""The table that `evoke tune` prints."""

from __future__ import annotations

from evaluation.measures import OBJECTIVE
from evaluation.results import align
from evaluation.tuning.records import Tuning
from indexer.bm25 import BM25
from search_api.ranking_settings import Cleaning, Fusion


def tuning_to_text(tuning: Tuning) -> str:
    """Return the table of decisions, with figures out of fold, and each benchmark's mean before and after."""
    rows = [["", "queries", OBJECTIVE, "difference", "95%"]]
    for decision in tuning.decisions:
        had, other = ("had", "takes") if decision.is_better else ("keeps", "over")
        n_queries = f"{decision.n_queries:,}" if decision.found else f"{decision.n_queries:,}, too few"
        label = f"{decision.step:<8}  {decision.kind or 'all':<9}  {had:<5}  {setting_to_text(decision.serving)}"
        rows.append([label, n_queries, f"{decision.before:.3f}" if decision.n_queries else "", "", ""])
        if decision.found and decision.found != decision.serving:
            gain = decision.difference
            rows.append(
                [f"{'':<8}  {'':<9}  {other:<5}  {setting_to_text(decision.found)}", "", f"{decision.after:.3f}",
                 f"{gain.value:+.3f}", f"{gain.low:+.3f} to {gain.high:+.3f}"]
            )  # fmt: skip
    means = [["", "before", "after"]] + [
        [name, f"{before:.3f}", f"{after:.3f}"] for name, (before, after) in tuning.benchmarks.items()
    ]
    return "\n".join([*align(rows), "", *align(means)])


def setting_to_text(setting: BM25 | Cleaning | Fusion) -> str:
    """Return a setting in a few words; weights of 1 are left out."""
    if isinstance(setting, Cleaning):
        words = [("as typed", "unwrapped")[setting.unwrap], *(["weighed"] if setting.weigh_terms else [])]
        return ", ".join([*words, *([f"{setting.most_terms} terms"] if setting.most_terms else [])])
    weights = [f"{name} {weight:g}" for name, weight in sorted(setting.weights.items()) if weight != 1]
    if isinstance(setting, BM25):
        return ", ".join([f"k1 {setting.k1:g}", f"b {setting.b:g}", *weights])
    return ", ".join([f"{setting.method} of {setting.depth}", *weights])
