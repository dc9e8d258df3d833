"""Train the value model on labelled works."""
