"""TMDb, the film database."""
