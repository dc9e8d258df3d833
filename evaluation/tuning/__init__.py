"""Choose BM25, the cleaning of queries and the fusion of legs by judged queries."""
