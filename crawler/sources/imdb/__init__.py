"""IMDb: data sets and saved pages."""
