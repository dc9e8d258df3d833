"""One module per source: pure functions that read its answers, above a thin spider that asks for them."""
