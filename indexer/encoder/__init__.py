"""Turn texts into embeddings, one for a text and one for each of its sentences."""
