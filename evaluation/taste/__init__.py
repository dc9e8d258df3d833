"""`evoke evaluate --ratings`: measure recommendations on people whose ratings nothing was learnt from."""
