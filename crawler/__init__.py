"""The first stage: pages and answers of sources to SourceRecords."""
