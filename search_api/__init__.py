"""The third stage: from a request to a page of hits, each with its reasons."""
