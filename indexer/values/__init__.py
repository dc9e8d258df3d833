"""The taxonomy, and the labels that works get by it."""
