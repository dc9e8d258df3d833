"""Open Library: answers and dumps."""
