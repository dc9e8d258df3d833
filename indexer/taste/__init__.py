"""What people like, as one vector a work: factors learnt from ratings, and a map from content for works without any."""
