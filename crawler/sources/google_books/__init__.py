"""Google Books."""
