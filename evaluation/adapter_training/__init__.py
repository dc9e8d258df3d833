"""Learn the query adapter from descriptions of remembered works."""
