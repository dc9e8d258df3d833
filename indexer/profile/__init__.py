"""Report on catalogues: what they hold, what is missing, and what is repeated."""
