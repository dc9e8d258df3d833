// The page's address is its state, with the parameters of the API: /?q=hope&kind=movie asks /v1/search?q=hope&kind=movie.
// Two parameters are the page's own: `like` (a work's id) asks for similar works, `shown` counts the works on the page.
// `without` and `weight` correct what was understood, as in the API: `without=values.E4`, `weight=E5:0.8`.

import { FACTS } from "./facts.js";

export const PAGE_SIZE = 10;
const MOST_SHOWN = 100;
const FILTERS = Object.values(FACTS).flatMap(({ links }) => Object.values(links));

/** The parameters of an address; unknown and blank ones are dropped. */
export function readAddress(search) {
  const known = new Set(["q", "like", "without", "weight", "shown", ...FILTERS]);
  return new URLSearchParams([...new URLSearchParams(search)].filter(([name, value]) => known.has(name) && value.trim()));
}

export const isQuestion = (params) => params.has("q") || params.has("like");

/** The filters among the parameters. */
export const filtersOf = (params) => new URLSearchParams([...params].filter(([name]) => FILTERS.includes(name)));

/** The same question with `value` added under `name`, or removed if it was there. Starts at the first works again. */
export function toggled(params, name, value) {
  const next = without(params, ["shown"]);
  const kept = next.getAll(name).filter((other) => other !== value);
  const added = kept.length === next.getAll(name).length ? [value] : [];
  next.delete(name);
  for (const each of [...kept, ...added]) next.append(name, each);
  return next;
}

/** The same question with these entries instead of all values under the `cleared` names. */
export function withOnly(params, entries, cleared = Object.keys(entries)) {
  const next = without(params, ["shown", ...cleared]);
  for (const [name, value] of Object.entries(entries)) next.set(name, value);
  return next;
}

/** The same question without these parameters. */
export function without(params, names) {
  return new URLSearchParams([...params].filter(([name]) => !names.includes(name)));
}

/** The weights in the address, by value id. */
export function weightsOf(params) {
  return new Map(params.getAll("weight").map((text) => text.split(":")).map(([id, weight]) => [id, Number(weight)]));
}

/** The same question with these weights, by value id, beside or instead of those it has. */
export function weighed(params, weights) {
  const next = without(params, ["shown", "weight"]);
  for (const [id, weight] of new Map([...weightsOf(params), ...weights])) next.append("weight", `${id}:${weight}`);
  return next;
}

/** The path and the parameters of the API for a question, from `offset` on. */
export function toRequest(params, offset, limit) {
  const wanted = without(params, params.has("like") ? ["like", "shown", "q", "without", "weight"] : ["shown"]);
  wanted.set("limit", limit);
  wanted.set("offset", offset);
  const path = params.has("like") ? `works/${encodeURIComponent(params.get("like"))}/similar` : "search";
  return [path, wanted];
}

/** How many works the address shows, within what one request can return. */
export function shownCount(params) {
  const count = Number.parseInt(params.get("shown"), 10) || PAGE_SIZE;
  return Math.min(Math.max(count, PAGE_SIZE), MOST_SHOWN);
}

/** The filters of an intent as parameters. */
export function filtersToParams(filters) {
  const params = new URLSearchParams();
  for (const [name, { links }] of Object.entries(FACTS)) {
    for (const [part, link] of Object.entries(links)) {
      for (const value of wishes(filters[name], part)) params.append(link, value);
    }
  }
  return params;
}

/** What one part of a filter asks for, as texts or numbers. */
function wishes(filter, part) {
  if (filter === undefined || filter === null) return [];
  if (part === "is") return [filter];
  if (part === "scores") return Object.entries(filter).map(([id, range]) => range.gte ? `${id}:${range.gte}` : id);
  return [filter[part] ?? []].flat();
}
