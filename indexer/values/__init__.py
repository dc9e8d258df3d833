"""The taxonomy, and the labelling of works with its values and tags."""
