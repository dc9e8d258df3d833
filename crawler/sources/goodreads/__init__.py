"""Goodreads: pages and a reader's own export."""
