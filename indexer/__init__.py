"""The second stage: merge SourceRecords into works, analyse, embed and label them, and write them to Qdrant."""
