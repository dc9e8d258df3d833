"""The first stage: ask sources for works, and parse their pages and answers into SourceRecords."""
