"""Settings -> the fusion of each kind of query, its cleaning, and BM25."""

from __future__ import annotations
