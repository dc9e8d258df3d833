"""Adapt the sentence encoder to descriptions of works, to wishes and to subjects."""
