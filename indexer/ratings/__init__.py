"""Ratings that people gave to works: read from public data sets and personal exports, and joined to stored works."""
