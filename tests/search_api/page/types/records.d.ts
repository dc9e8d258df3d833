// The records of the API's answers (search_api/records.py), as the page's scripts name them in their types.
interface Evidence { text: string; start: number; end: number }
interface Said { count: number; of: number; quote?: string; source?: string }
interface WorkValue { id: string; name: string; score: number; is_primary?: boolean; evidence?: Evidence; said?: Said }
interface WorkReference { id: string; title: string; kind?: string; year?: number }
interface Work extends WorkReference {
  original_title?: string;
  description: string;
  creators: { name: string; role?: string }[];
  genres: string[];
  language?: string;
  countries: string[];
  series?: { name: string; position?: number };
  runtime_minutes?: number;
  page_count?: number;
  rating?: { mean: number; count: number; scale: number };
  ids: Record<string, string>;
  url?: string;
  n_reviews: number;
  sources: { source: string; source_id: string; licence?: string; attribution?: string }[];
  values: WorkValue[];
  tags: WorkValue[];
}
interface Hit extends Work { score: number; reasons: string[]; matched_terms: string[] }
interface Intent {
  text: string;
  values: Record<string, number>;
  tags: Record<string, number>;
  like: WorkReference[];
  unlike: WorkReference[];
  seen: WorkReference[];
  filters: Record<string, any>;
  audience?: string | null;
  standing?: string | null;
  corrected: { said: string; taken_for: string }[];
  ignored: string[];
  refused: string[];
  unmet: { part: string; note: string }[];
  implied: Record<string, string[]>;
}
interface Answer { query: string; intent: Intent; total: number; offset: number; limit: number; took_ms: number; hits: Hit[] }
interface FacetCount { value: string | number; count: number }
interface Facets { total: number; facets: Record<string, FacetCount[]> }
interface ValueView { id: string; name: string; facet: "theme" | "emotion" | "learning"; group?: string; description: string }
interface Questionnaire { values: ValueView[]; works: WorkReference[] }

/** A part that can be removed or pressed, and the address that this leads to. */
interface Chip { label: string; next: URLSearchParams; fact?: string; unwanted?: boolean; wish?: boolean; work?: WorkReference; part?: string; value?: string }
interface FilterOption { label: string; count?: number; pressed: boolean; next: URLSearchParams }
interface FilterGroup { title: string; options: FilterOption[] }

/** What boot.js asked for before the page's script was there. */
interface Window { begun?: { url: string; stop: AbortController; response: Promise<Response> } }

/** A request to the service: a path under /v1 with parameters, and a body where it is posted. */
interface ServiceRequest { path: string; params?: URLSearchParams; body?: unknown }

/** A work in a list of the person, with the time it was put there. */
interface ListedWork extends WorkReference { at: string; values?: WorkValue[] }
type ListName = "saved" | "seen" | "refused";
interface Memory {
  version: number;
  lists: Record<ListName, ListedWork[]>;
  profile: { values: Record<string, number>; loved: WorkReference[] };
}

/** A work in a file that is imported, and the list that it belongs to; null for one that is only loved. */
interface ImportedWork {
  title: string;
  year?: number;
  kind?: string;
  ids: Record<string, string>;
  list: ListName | null;
  loved: boolean;
  id?: string;
}
