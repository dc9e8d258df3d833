// The module that the service makes from indexer/facts.py.
export const FACTS: Record<string, { unit: string | null; links: Record<string, string> }>;
export const FACETS: Record<string, string>;
export const COVERS: boolean;
