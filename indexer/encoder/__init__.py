"""Texts to sentence embeddings."""
