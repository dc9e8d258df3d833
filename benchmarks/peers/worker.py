"""Run one system in its own process, to measure its memory alone; requests are lines of JSON.

python -m benchmarks.peers.worker NAME FOLDER index CORPUS     indexes and ends
python -m benchmarks.peers.worker NAME FOLDER search           answers lines on its standard input until that ends

A line is {"queries": {id: text}, "limit": 10}. The answer is {"found": {id: [work, ...]}, "milliseconds": [...],
"peak_mib": M}, without the queries that failed.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.peers.protocol import Peer, read_works

PEERS: Mapping[str, tuple[str, str]] = {
    "evoke": ("benchmarks.peers.evoke", "Evoke"),
    "txtai": ("benchmarks.peers.txtai", "Txtai"),
    "lancedb": ("benchmarks.peers.lancedb", "LanceDB"),
    "rank-bm25": ("benchmarks.peers.numpy_bm25", "NumpyBM25"),
    "qdrant-local": ("benchmarks.peers.qdrant_local", "QdrantLocal"),
}


def main() -> None:
    name, folder, command, *rest = sys.argv[1:]
    # Libraries print to standard output, which must carry the answers only.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        module, kind = PEERS[name]
        peer: Peer = getattr(import_module(module), kind)(Path(folder))
        if command == "index":
            peer.index(list(read_works(Path(rest[0]))))
            return
        peer.open()
        peer.search("warm", 10)
        print(json.dumps({"versions": peer.versions}), file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(peer, name, json.loads(line))), file=answers, flush=True)


def answer(peer: Peer, name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a peer's answers to queries, run one after the other."""
    found: dict[str, list[str]] = {}
    milliseconds = []
    for query_id, text in asked["queries"].items():
        started = perf_counter()
        try:
            found[query_id] = peer.search(text, asked["limit"])
        except Exception as error:  # noqa: BLE001 - whatever a peer raises
            print(f"{name}: {text[:60]!r}: {error!r}", file=sys.stderr)
        else:
            milliseconds.append((perf_counter() - started) * 1_000)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"found": found, "milliseconds": milliseconds, "peak_mib": peak_mib}


if __name__ == "__main__":
    main()
