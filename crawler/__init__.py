"""The first stage: pages and answers of a source become SourceRecords."""
