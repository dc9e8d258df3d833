"""Tools for assistants: search, recommendations and works by the Model Context Protocol (`evoke mcp`)."""
