"""The fourth stage: measure the code that serves, on benchmarks."""
