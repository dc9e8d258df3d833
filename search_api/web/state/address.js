// The page's address is its state, with the parameters of the API: /?q=hope&kind=movie asks /v1/search?q=hope&kind=movie.
// The page's own parameters: `like` alone asks for similar works, `shown` counts the works on the page, `hide=seen`
// leaves out what the person has seen or refused, and `work`, `list` and `for` name other views.
// `without` and `weight` correct what was understood, as in the API: `without=values.E4`, `weight=E5:0.8`.

import { FACTS } from "../facts.js";

export const PAGE_SIZE = 10;
const MOST_SHOWN = 100;
const FILTERS = Object.values(FACTS).flatMap(({ links }) => Object.values(links));
const OWN = ["shown", "hide", "work", "list", "for"];
const CORRECTIONS = ["without", "weight", "like", "unlike", "sort"];

/**
 * The parameters of an address; unknown and blank ones are dropped.
 * @param {string} search
 */
export function readAddress(search) {
  const known = new Set(["q", ...OWN, ...CORRECTIONS, ...FILTERS]);
  return new URLSearchParams([...new URLSearchParams(search)].filter(([name, value]) => known.has(name) && value.trim()));
}

/**
 * The view that an address shows. `boot.js` chooses in the same way, before the first paint.
 * @param {URLSearchParams} params
 */
export function viewOf(params) {
  if (params.has("work")) return "work";
  if (params.has("list")) return "list";
  if (params.get("for") === "me") return "profile";
  return params.has("q") || params.has("like") ? "answer" : "home";
}

/**
 * The filters among the parameters.
 * @param {URLSearchParams} params
 */
export const filtersOf = (params) => new URLSearchParams([...params].filter(([name]) => FILTERS.includes(name)));

/**
 * The same question with `value` added under `name`, or removed if it was there. Starts at the first works again.
 * @param {URLSearchParams} params
 * @param {string} name
 * @param {string} value
 */
export function toggled(params, name, value) {
  const next = without(params, ["shown"]);
  const kept = next.getAll(name).filter((other) => other !== value);
  const added = kept.length === next.getAll(name).length ? [value] : [];
  next.delete(name);
  for (const each of [...kept, ...added]) next.append(name, each);
  return next;
}

/**
 * The same question with these entries instead of all values under the `cleared` names.
 * @param {URLSearchParams} params
 * @param {Record<string, string>} entries
 * @param {string[]} [cleared]
 */
export function withOnly(params, entries, cleared = Object.keys(entries)) {
  const next = without(params, ["shown", ...cleared]);
  for (const [name, value] of Object.entries(entries)) next.set(name, value);
  return next;
}

/**
 * The same question without these parameters.
 * @param {URLSearchParams} params
 * @param {string[]} names
 */
export function without(params, names) {
  return new URLSearchParams([...params].filter(([name]) => !names.includes(name)));
}

/**
 * The weights in the address, by value id.
 * @param {URLSearchParams} params
 * @returns {Map<string, number>}
 */
export function weightsOf(params) {
  return new Map(params.getAll("weight").map((text) => {
    const [id = "", weight] = text.split(":");
    return [id, Number(weight)];
  }));
}

/**
 * The same question with these weights, by value id, beside or instead of those it has.
 * @param {URLSearchParams} params
 * @param {Iterable<[string, number]>} weights
 */
export function weighed(params, weights) {
  const next = without(params, ["shown", "weight"]);
  for (const [id, weight] of new Map([...weightsOf(params), ...weights])) next.append("weight", `${id}:${weight}`);
  return next;
}

/** The order that is asked for. @param {URLSearchParams} params */
export const sortOf = (params) => params.get("sort") ?? "best";

/**
 * What the service is asked for a question, from `offset` on. Works to be like, without words, are a recommendation.
 * @param {URLSearchParams} params
 * @param {number} offset
 * @param {number} limit
 * @param {string[]} hidden the works to leave out: too many for a link
 * @returns {ServiceRequest}
 */
export function toRequest(params, offset, limit, hidden) {
  const place = { limit: String(limit), offset: String(offset) };
  if (params.has("q") && hidden.length > 0) return { path: "search", body: { ...toBody(params), exclude: hidden, limit, offset } };
  if (params.has("q")) return { path: "search", params: new URLSearchParams([...without(params, OWN), ...Object.entries(place)]) };
  const [first, ...others] = params.getAll("like");
  const unlike = params.getAll("unlike");
  const sort = [...params].filter(([name]) => name === "sort");
  if (first && others.length === 0 && unlike.length === 0 && hidden.length === 0) {
    return { path: `works/${encodeURIComponent(first)}/similar`, params: new URLSearchParams([...filtersOf(params), ...sort, ...Object.entries(place)]) };
  }
  const filters = filtersToBody(filtersOf(params));
  return { path: "recommend", body: { likes: params.getAll("like"), dislikes: unlike, filters, without: hidden, sort: sortOf(params), limit, offset } };
}

/**
 * A search in words as the body of a request has it.
 * @param {URLSearchParams} params
 */
function toBody(params) {
  return {
    query: params.get("q"), filters: filtersToBody(filtersOf(params)), without: params.getAll("without"),
    weights: Object.fromEntries(weightsOf(params)), like: params.getAll("like"), unlike: params.getAll("unlike"), sort: sortOf(params),
  };
}

/**
 * How many works the address shows, within what one request can return.
 * @param {URLSearchParams} params
 */
export function shownCount(params) {
  const count = Number.parseInt(params.get("shown") ?? "", 10) || PAGE_SIZE;
  return Math.min(Math.max(count, PAGE_SIZE), MOST_SHOWN);
}

/**
 * The filters of an intent as parameters.
 * @param {Record<string, any>} filters
 */
export function filtersToParams(filters) {
  const params = new URLSearchParams();
  for (const [name, { links }] of Object.entries(FACTS)) {
    for (const [part, parameter] of Object.entries(links)) {
      for (const value of wishes(filters[name], part)) params.append(parameter, String(value));
    }
  }
  return params;
}

/**
 * What one part of a filter asks for.
 * @param {any} filter
 * @param {string} part
 * @returns {(string | number)[]}
 */
function wishes(filter, part) {
  if (filter === undefined || filter === null) return [];
  if (part === "is") return [filter];
  if (part === "scores") return Object.entries(filter).map(([id, range]) => range.gte ? `${id}:${range.gte}` : id);
  return [filter[part] ?? []].flat();
}

/**
 * The filters of an address as the body of a request has them.
 * @param {URLSearchParams} params
 * @returns {Record<string, any>}
 */
export function filtersToBody(params) {
  /** @type {Record<string, any>} */
  const filters = {};
  for (const [name, { links }] of Object.entries(FACTS)) {
    for (const [part, parameter] of Object.entries(links)) {
      const given = params.getAll(parameter);
      if (given.length === 0) continue;
      if (part === "is") filters[name] = given[0];
      else if (part === "scores") filters[name] = Object.fromEntries(given.map(toScoreRange));
      else filters[name] = { ...filters[name], [part]: ["gte", "lte"].includes(part) ? Number(given[0]) : given };
    }
  }
  return filters;
}

/** @param {string} text @returns {[string, { gte?: number }]} */
function toScoreRange(text) {
  const [id = "", least] = text.split(":");
  return [id, least ? { gte: Number(least) } : {}];
}
