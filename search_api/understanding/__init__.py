"""A request's words read as an Intent."""
