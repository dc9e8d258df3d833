"""The fourth stage: benchmarks become measurements of the code that serves."""
