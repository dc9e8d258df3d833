"""A report of what catalogues hold, lack and repeat."""
