// Which view the address shows, and where in it the person was: both survive a reload and "back".

import { readAddress } from "./state/address.js";
import { tab } from "./state/storage.js";

const PLACES = "evoke-places";
const MOST_PLACES = 50;

/** @type {() => Promise<void> | void} */
let show = () => {};
let entry = entryKey();

function entryKey() {
  if (!history.state?.key) history.replaceState({ ...history.state, key: `${Date.now()}-${Math.random()}` }, "");
  return /** @type {string} */ (history.state.key);
}

/** @returns {[string, number][]} */
function places() {
  try {
    return JSON.parse(tab.get(PLACES) ?? "[]");
  } catch {
    return [];
  }
}

function rememberPlace() {
  const others = places().filter(([key]) => key !== entry);
  tab.set(PLACES, JSON.stringify([...others, [entry, scrollY]].slice(-MOST_PLACES)));
}

/** The parameters of the address. */
export const address = () => readAddress(location.search);

/** The parameters of a work's page, with the words of the request that led to it. @param {string} id */
export function toWork(id) {
  const q = address().get("q");
  return { ...(q && { q }), work: id };
}

/**
 * Show another address, and add it to the history.
 * @param {URLSearchParams | Record<string, string>} params
 * @param {{ replace?: boolean, top?: boolean }} [options] `replace` changes the newest entry of the history; `top` begins
 *   at the top of the page, as for another view
 */
export async function go(params, { replace = false, top = false } = {}) {
  const next = new URLSearchParams(params);
  const url = next.size > 0 ? `?${next}` : location.pathname;
  rememberPlace();
  if (replace) history.replaceState(history.state, "", url);
  else history.pushState({ hasBefore: true }, "", url);
  entry = entryKey();
  if (top) scrollTo(0, 0);
  await show();
}

/**
 * Change the address without showing it anew.
 * @param {URLSearchParams} params
 */
export function setAddress(params) {
  history.replaceState(history.state, "", params.size > 0 ? `?${params}` : location.pathname);
}

/** Whether "back" leads to another view of this page. */
export const hasBefore = () => Boolean(history.state?.hasBefore);

/** Show the address anew. */
export const showAgain = () => show();

/** Give the focus to the heading of the view, where another view began. */
function focusTitle() {
  const titles = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("h1"));
  [...titles].find((title) => title.checkVisibility())?.focus({ preventScroll: true });
}

/** Return to where the person was in this entry of the history. */
export function restorePlace() {
  const [, y] = places().find(([key]) => key === entry) ?? [];
  if (y !== undefined) scrollTo({ top: y, behavior: "instant" });
}

/**
 * Follow the address from now on.
 * @param {() => Promise<void> | void} showAddress
 */
export async function startRouting(showAddress) {
  show = showAddress;
  history.scrollRestoration = "manual";
  addEventListener("pagehide", rememberPlace);
  addEventListener("popstate", async () => {
    rememberPlace(); // of the entry that is left: `entry` still names it
    entry = entryKey();
    await show();
    restorePlace();
  });
  // Links within the page do not reload it, unless a key asks for a new tab or window.
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target.closest("a[data-go]") : null;
    if (!(target instanceof HTMLAnchorElement) || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(readAddress(target.search), { top: true });
    focusTitle();
  });
  await show();
  restorePlace();
}

