"""The fourth stage: measure, on benchmarks, the same code that serves."""
