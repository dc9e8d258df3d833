"""The second stage: SourceRecords become Works, analysed, embedded and labelled, in Qdrant."""
