"""Train the reader, which labels each word of a request, on requests of our own making."""
