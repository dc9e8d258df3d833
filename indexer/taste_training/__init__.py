"""`evoke train-taste`: learn factors of works from ratings, and the map from content to factors."""
