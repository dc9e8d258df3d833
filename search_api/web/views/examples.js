// Questions to begin with. The start page shows those that this catalogue answers.

import { ask } from "../api.js";
import { byId, h, link } from "../dom.js";
import { tab } from "../state/storage.js";

const KEY = "evoke-examples";
const MOST = 5;
const QUESTIONS = [
  "find me something inspiring",
  "like Interstellar but not too sad, under two hours",
  "a book that teaches me something about the sea",
  "a comforting film for a rainy evening",
  "let me see the world with a child's eyes",
  "a tense film that is not violent",
  "hope in dark times",
];

/** @param {string} text */
const example = (text) => h("li", {}, link({ q: text }, {}, text));

/** Questions, known to have an answer or not. */
export const exampleLinks = () => (kept() ?? QUESTIONS).slice(0, MOST).map(example);

/** @returns {string[] | null} */
function kept() {
  try {
    return JSON.parse(tab.get(KEY) ?? "null");
  } catch {
    return null;
  }
}

/**
 * Whether an answer shows what the question means: it is read without a doubt, and has works.
 * @param {Answer} answer
 */
const isClear = ({ total, hits, intent }) => total > 0 && hits.length > 0 && intent.unmet.length === 0
  && intent.ignored.length === 0 && intent.corrected.length === 0;

/**
 * Show the questions that the catalogue answers, asked one after the other: this is never in a hurry.
 * @param {HTMLElement} place
 * @param {AbortSignal} signal
 */
export async function showExamples(place, signal) {
  const known = kept();
  if (known) {
    place.replaceChildren(...known.map(example));
    return;
  }
  /** @type {string[]} */
  const found = [];
  for (const question of QUESTIONS) {
    if (found.length === MOST) break;
    const answer = await ask({ path: "search", params: new URLSearchParams({ q: question, limit: "1" }) }, signal);
    if (signal.aborted) return;
    if (isClear(answer)) found.push(question);
  }
  if (found.length > 0) tab.set(KEY, JSON.stringify(found));
  place.replaceChildren(...found.map(example));
  byId("try").hidden = found.length === 0;
}
