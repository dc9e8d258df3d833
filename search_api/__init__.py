"""The third stage: a request becomes a page of hits, each with its reasons."""
