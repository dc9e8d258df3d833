"""A request's words to an Intent."""
