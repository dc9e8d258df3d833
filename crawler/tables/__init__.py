"""Catalogues that people have as tables: their files, presets, columns and cells, and the records made from them."""
