// What the page knows of the catalogue: its values, its notices, and how many works pass filters. Each is asked for when
// it is needed and kept; what fails is asked for again the next time.

import { ask } from "../api.js";

/**
 * A function that asks once, and again only after a failure.
 * @template T
 * @param {() => Promise<T>} load
 */
function once(load) {
  /** @type {Promise<T> | null} */
  let loading = null;
  return () => {
    loading ??= load().catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}

/** @type {Map<string, ValueView>} */
let known = new Map();

/** The taxonomy. @type {() => Promise<Map<string, ValueView>>} */
export const loadValues = once(async () => {
  const values = /** @type {ValueView[]} */ (await ask({ path: "values" }));
  known = new Map(values.map((value) => [value.id, value]));
  return known;
});

/** The values that are known so far. */
export const knownValues = () => known;

/** The notices of the sources. @type {() => Promise<string[]>} */
export const loadAttributions = once(async () => (await ask({ path: "attributions" })).attributions);

/** Values and well-known works to choose a profile from. @type {() => Promise<Questionnaire>} */
export const loadQuestionnaire = once(() => ask({ path: "questionnaire" }));

/** @param {string} id */
export const nameOf = (id) => known.get(id)?.name ?? names.get(id) ?? id;

const names = new Map(); // the names that answers gave, for as long as the taxonomy is not known

/** @param {{ hits: Work[] }} answer */
export function learnNames({ hits }) {
  for (const { values, tags } of hits) for (const { id, name } of [...values, ...tags ?? []]) names.set(id, name);
}

/**
 * The facet of a value, by which it is coloured; a tag has none. Before the taxonomy is known, the id tells it.
 * @param {string} id
 * @returns {string | null}
 */
export function facetOf(id) {
  if (id.startsWith("T-")) return null;
  return known.get(id)?.facet ?? (/^E\d/.test(id) ? "emotion" : /^L\d/.test(id) ? "learning" : "theme");
}

const MOST_COUNTS = 60;
/** @type {Map<string, Promise<Facets>>} */
const counts = new Map();

/**
 * How many works pass filters, and how many of them each entry of some facets has.
 * @param {URLSearchParams} filters
 * @param {string[]} facets
 * @returns {Promise<Facets>}
 */
export function countWorks(filters, facets) {
  const params = new URLSearchParams([...filters, ...facets.map((name) => ["name", name])]);
  const key = params.toString();
  const kept = counts.get(key);
  if (kept) return kept;
  const asked = ask({ path: "facets", params });
  counts.set(key, asked);
  if (counts.size > MOST_COUNTS) counts.delete(counts.keys().next().value ?? "");
  asked.catch(() => counts.delete(key));
  return asked;
}

/** @type {Map<string, Work>} */
const works = new Map();

/**
 * A work with all its values.
 * @param {string} id
 * @param {AbortSignal} [signal]
 * @returns {Promise<Work>}
 */
export async function loadWork(id, signal) {
  const kept = works.get(id);
  if (kept) return kept;
  const work = await ask({ path: `works/${encodeURIComponent(id)}` }, signal);
  works.set(id, work);
  return work;
}

/**
 * Titles that complete a text or resemble it.
 * @param {string} text
 * @param {AbortSignal} [signal]
 * @returns {Promise<WorkReference[]>}
 */
export const suggestTitles = (text, signal) => ask({ path: "suggest", params: new URLSearchParams({ q: text }) }, signal);
