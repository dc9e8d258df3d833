"""Source records of one work to that work."""
