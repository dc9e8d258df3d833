"""Write the results of an evaluation as a page and as Markdown."""
