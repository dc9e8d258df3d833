// The page's address is its state, in the words of the API: /?q=hope&kind=movie asks /v1/search?q=hope&kind=movie.
// Two names are the page's own: `like` (a work's id) asks for similar works, `shown` counts the works on show.
// `without` and `weight` correct what was read out of the words, as the API does: `without=values.E4`, `weight=E5:0.8`.

export const PAGE_SIZE = 10;
const MOST_SHOWN = 100;
const FILTERS = [
  "kind", "year_from", "year_to", "runtime_from", "runtime_to", "pages_from", "pages_to",
  "language", "not_language", "genre", "all_genre", "not_genre", "creator", "value",
];

/** What an address asks for; names the page does not know are dropped. */
export function readAddress(search) {
  const known = new Set(["q", "like", "without", "weight", "shown", ...FILTERS]);
  return new URLSearchParams([...new URLSearchParams(search)].filter(([name, value]) => known.has(name) && value.trim()));
}

export const isQuestion = (params) => params.has("q") || params.has("like");

/** The filters alone. */
export const filtersOf = (params) => new URLSearchParams([...params].filter(([name]) => FILTERS.includes(name)));

/** The same question with `value` of `name` put in, or taken out if it was there; what was shown starts over. */
export function toggled(params, name, value) {
  const next = without(params, ["shown"]);
  const kept = next.getAll(name).filter((other) => other !== value);
  const added = kept.length === next.getAll(name).length ? [value] : [];
  next.delete(name);
  for (const each of [...kept, ...added]) next.append(name, each);
  return next;
}

/** The same question with only these values under these names. */
export function withOnly(params, entries, cleared = Object.keys(entries)) {
  const next = without(params, ["shown", ...cleared]);
  for (const [name, value] of Object.entries(entries)) next.set(name, value);
  return next;
}

/** The same question without these names. */
export function without(params, names) {
  return new URLSearchParams([...params].filter(([name]) => !names.includes(name)));
}

/** The weights that an address gives, by value id. */
export function weightsOf(params) {
  return new Map(params.getAll("weight").map((text) => text.split(":")).map(([id, weight]) => [id, Number(weight)]));
}

/** The same question with these weights, by value id, beside those it has. */
export function weighed(params, weights) {
  const next = without(params, ["shown", "weight"]);
  for (const [id, weight] of new Map([...weightsOf(params), ...weights])) next.append("weight", `${id}:${weight}`);
  return next;
}

/** The path and parameters of the API that answer a question, from `offset` on. */
export function toRequest(params, offset, limit) {
  const wanted = without(params, params.has("like") ? ["like", "shown", "q", "without", "weight"] : ["shown"]);
  wanted.set("limit", limit);
  wanted.set("offset", offset);
  const path = params.has("like") ? `works/${encodeURIComponent(params.get("like"))}/similar` : "search";
  return [path, wanted];
}

/** How many works an address shows: what it says, within what one request can carry. */
export function shownCount(params) {
  const count = Number.parseInt(params.get("shown"), 10) || PAGE_SIZE;
  return Math.min(Math.max(count, PAGE_SIZE), MOST_SHOWN);
}

/** The filters of an answer's intent as parameters. */
export function filtersToParams(filters) {
  const params = new URLSearchParams();
  const put = (name, value) => value !== undefined && value !== null && params.append(name, value);
  const putAll = (name, values) => (values ?? []).forEach((value) => params.append(name, value));
  put("kind", filters.kind);
  for (const [name, range] of [["year", filters.year], ["runtime", filters.runtime_minutes], ["pages", filters.page_count]]) {
    put(`${name}_from`, range?.gte);
    put(`${name}_to`, range?.lte);
  }
  putAll("language", filters.language?.any);
  putAll("not_language", filters.language?.none);
  putAll("genre", filters.genres?.any);
  putAll("all_genre", filters.genres?.all);
  putAll("not_genre", filters.genres?.none);
  putAll("creator", filters.creators?.any);
  for (const [id, range] of Object.entries(filters.values ?? {})) put("value", range.gte ? `${id}:${range.gte}` : id);
  return params;
}
