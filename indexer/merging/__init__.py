"""Group the records of one work, and merge them to the work."""
