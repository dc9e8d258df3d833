"""Choose BM25's settings, query cleaning and fusion on judged queries."""
