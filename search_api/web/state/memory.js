// What the person keeps: three lists and a profile. All of it is in the browser's storage and nowhere else.

import { browser, tab } from "./storage.js";

const KEY = "evoke";
const DAMAGED = "evoke-damaged";
const VERSION = 1;
/** @type {ListName[]} */
export const LISTS = ["saved", "seen", "refused"];

/** @returns {Memory} */
const empty = () => ({ version: VERSION, lists: { saved: [], seen: [], refused: [] }, profile: { values: {}, loved: [] } });

let memory = empty();
let trouble = "";
/** @type {Set<() => void>} */
const listeners = new Set();

/** Why the storage does not keep what it should; empty if it does. */
export const memoryTrouble = () => trouble;

/**
 * Call a function after each change.
 * @param {() => void} listener
 */
export const onMemoryChange = (listener) => listeners.add(listener);

/** Read the storage. */
export function loadMemory() {
  const text = browser.get(KEY);
  memory = empty();
  if (text === null) return;
  try {
    memory = checked(JSON.parse(text));
  } catch {
    browser.set(DAMAGED, text);
    trouble = "What this browser kept of your lists could not be read. It was set aside, and the lists begin anew.";
  }
}

/**
 * What was stored, in the form of this version.
 * @param {any} stored
 * @returns {Memory}
 */
function checked(stored) {
  if (stored?.version > VERSION) throw new Error("written by a newer page");
  const works = (/** @type {any} */ list) => (Array.isArray(list) ? list.filter(isWork) : []);
  const values = Object.entries(stored?.profile?.values ?? {}).filter(([, weight]) => typeof weight === "number");
  return {
    version: VERSION,
    lists: { saved: works(stored?.lists?.saved), seen: works(stored?.lists?.seen), refused: works(stored?.lists?.refused) },
    profile: { values: /** @type {Record<string, number>} */ (Object.fromEntries(values)), loved: works(stored?.profile?.loved) },
  };
}

/** @param {any} work */
const isWork = (work) => typeof work?.id === "string" && typeof work?.title === "string" && (work.values === undefined || Array.isArray(work.values));

function keep() {
  trouble = browser.set(KEY, JSON.stringify(memory)) ? ""
    : "This browser does not let the page keep your lists: its storage is full or forbidden. Export them before you close this tab.";
  for (const listener of listeners) listener();
}

/**
 * The works of a list, newest first.
 * @param {ListName} name
 */
export const listed = (name) => memory.lists[name];

/**
 * Whether a work is in a list.
 * @param {ListName} name
 * @param {string} id
 */
export const isListed = (name, id) => memory.lists[name].some((work) => work.id === id);

/**
 * Put works into a list, or take them out. A work that is seen or refused is no longer saved.
 * @param {ListName} name
 * @param {(WorkReference & { values?: WorkValue[] })[]} works
 * @param {boolean} on
 */
export function setListed(name, works, on) {
  const ids = new Set(works.map(({ id }) => id));
  const others = (/** @type {ListName} */ list) => memory.lists[list].filter(({ id }) => !ids.has(id));
  const at = new Date().toISOString();
  const added = on ? [...new Map(works.map((work) => [work.id, { ...reference(work), ...coloured(work), at }])).values()] : [];
  memory.lists[name] = [...added, ...others(name)];
  if (on && name !== "saved") memory.lists.saved = others("saved");
  keep();
}

const MOST_HIDDEN = 1000; // of a request

/** Ids of the works that stay out of answers when asked, the latest first. */
export const hiddenIds = () => [...memory.lists.seen, ...memory.lists.refused]
  .toSorted((a, b) => (b.at ?? "").localeCompare(a.at ?? "")).map(({ id }) => id).slice(0, MOST_HIDDEN);

export const profile = () => memory.profile;

/** How many works and values the browser keeps. */
export const amount = () => LISTS.reduce((sum, name) => sum + listed(name).length, 0)
  + memory.profile.loved.length + Object.keys(memory.profile.values).length;

/**
 * Set how much a value is wanted in recommendations; 0 takes it out.
 * @param {string} id
 * @param {number} weight
 */
export function setProfileValue(id, weight) {
  const others = Object.entries(memory.profile.values).filter(([other]) => other !== id);
  memory.profile.values = Object.fromEntries(weight === 0 ? others : [...others, [id, weight]]);
  keep();
}

/**
 * Love works, or no longer.
 * @param {WorkReference[]} works
 * @param {boolean} on
 */
export function setLoved(works, on) {
  const ids = new Set(works.map(({ id }) => id));
  const others = memory.profile.loved.filter(({ id }) => !ids.has(id));
  memory.profile.loved = on ? [...others, ...works.map(reference)] : others;
  keep();
}

/**
 * Only what names a work.
 * @param {WorkReference} work
 * @returns {WorkReference}
 */
const reference = ({ id, title, kind, year }) => ({ id, title, ...(kind && { kind }), ...(year && { year }) });

const N_COLOURS = 4;

/**
 * The strongest values of a work, by which its cover is drawn.
 * @param {{ values?: WorkValue[] }} work
 */
function coloured({ values }) {
  if (!values?.length) return {};
  const strongest = values.toSorted((a, b) => b.score - a.score).slice(0, N_COLOURS);
  return { values: strongest.map(({ id, name, score }) => ({ id, name, score })) };
}

/** Everything as the exported file has it. */
export const wholeMemory = () => memory;

/** How many works the lists and the profile have; each counts once. */
export const amountOfWorks = () => new Set([...LISTS.flatMap(listed), ...memory.profile.loved].map(({ id }) => id)).size;

/** Keep what was deleted. @param {Memory} deleted */
export function bringBack(deleted) {
  memory = deleted;
  keep();
}

/** Delete all that the page keeps, in the browser and in the tab. */
export function forgetAll() {
  for (const key of [KEY, DAMAGED, "theme"]) browser.remove(key);
  for (const key of ["evoke-api-key", "evoke-places", "evoke-examples"]) tab.remove(key);
  memory = empty();
  trouble = "";
  for (const listener of listeners) listener();
}

addEventListener("storage", ({ key }) => { // another tab changed it
  if (key !== KEY && key !== null) return;
  loadMemory();
  for (const listener of listeners) listener();
});
