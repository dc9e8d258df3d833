"""Train the query adapter on people's descriptions of works that they remember."""
