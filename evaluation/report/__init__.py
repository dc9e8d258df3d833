"""A page that shows results."""
