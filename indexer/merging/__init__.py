"""Group the records that describe one work, and merge them into the work."""
