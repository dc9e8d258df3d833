"""One folder a source: its declaration, pure functions that parse its answers, and a thin spider that asks for them."""
