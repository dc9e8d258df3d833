// The start page: what it should leave one with, as feelings to choose; questions to try; and the values of the taxonomy.

import { FACETS } from "../facts.js";
import { toTrouble, isAborted } from "../api.js";
import { filtersOf, weighed, weightsOf, withOnly, without } from "../state/address.js";
import { countWorks, loadValues, nameOf } from "../state/catalogue.js";
import { byId, h, keepFocus, shown } from "../dom.js";
import { exampleLinks, showExamples } from "./examples.js";
import { lengths } from "./filters.js";
import { go, setAddress, showAgain } from "../routing.js";
import { taxonomyIndex } from "./taxonomy.js";
import { troubleNotice } from "./trouble.js";
import { choices, wish } from "./wishes.js";
import { works } from "../words.js";

const LENGTHS = ["runtime_from", "runtime_to", "pages_from", "pages_to"];
const LESS = -0.8;
const PRIMARY_SCORE = "0.5";

/** @param {URLSearchParams} params @param {AbortSignal} signal */
export async function showHome(params, signal) {
  document.title = "Evoke";
  try {
    const values = [...(await loadValues()).values()];
    if (signal.aborted) return;
    byId("home-trouble").replaceChildren();
    byId("taxonomy").replaceChildren(...taxonomyIndex(values));
    const feelings = values.filter(({ facet }) => facet === "emotion");
    showFeelings(params, feelings.length > 0 ? feelings : values.slice(0, 12), signal);
    showExamples(byId("examples"), signal).catch(() => { byId("try").hidden = !byId("examples").firstChild; }); // asked again with the next visit
  } catch (error) {
    if (isAborted(error) || signal.aborted) return;
    const trouble = toTrouble(error);
    if (!byId("examples").firstChild) byId("examples").replaceChildren(...exampleLinks());
    byId("home-trouble").replaceChildren(troubleNotice(trouble, showAgain));
    document.dispatchEvent(new CustomEvent("evoke:trouble", { detail: trouble }));
  }
}

/** @param {URLSearchParams} params @param {ValueView[]} feelings @param {AbortSignal} signal */
function showFeelings(params, feelings, signal) {
  const place = /** @type {HTMLElement} */ (byId("feelings"));
  const weights = weightsOf(params);
  const change = (/** @type {URLSearchParams} */ next) => {
    setAddress(next);
    showFeelings(next, feelings, signal);
  };
  const kind = params.get("kind");
  const setKind = (/** @type {string} */ chosen) => change(withOnly(params, chosen ? { kind: chosen } : {}, ["kind", ...LENGTHS]));
  keepFocus(place, () => place.replaceChildren(...shown([
    h("div", { class: "wishes" }, feelings.map((value) => wish(value, weights.get(value.id) ?? 0, (id, weight) => {
      const next = weighed(params, [[id, weight > 0 ? 1 : weight < 0 ? LESS : 0]]);
      change(new URLSearchParams([...next].filter(([name, text]) => name !== "weight" || !text.endsWith(":0"))));
    }))),
    choices("Film or book", [["", "either"], ["movie", "film"], ["book", "book"]].map(([value = "", label = ""]) =>
      ({ label, pressed: (kind ?? "") === value, choose: () => setKind(value) }))),
    kind && h("div", { id: "how-long" }),
    h("p", { class: "go" }, h("button", { type: "button", class: "press", id: "show-chosen", disabled: weights.size === 0 && !kind,
      onclick: () => go(questionOf(params), { top: true }) }, weights.size === 0 && !kind ? "Choose a feeling" : "Show works"),
    (weights.size > 0 || kind) && h("button", { type: "button", class: "quiet", "data-key": "reset", onclick: () => change(new URLSearchParams()) }, "Begin again")),
  ])));
  countChosen(params, kind, change, signal);
}

/**
 * How many works are left, and which lengths there are to choose from.
 * @param {URLSearchParams} params
 * @param {string | null} kind
 * @param {(next: URLSearchParams) => void} change
 * @param {AbortSignal} signal
 */
async function countChosen(params, kind, change, signal) {
  const filters = filtersOf(questionOf(params));
  if (filters.size === 0 && weightsOf(params).size === 0) return;
  const place = /** @type {HTMLElement} */ (byId("feelings"));
  const button = byId("show-chosen");
  try {
    if (kind) {
      const options = lengths(kind, (await countWorks(without(filters, LENGTHS), lengthFacets())).facets).filter(([, , n]) => n !== 0);
      if (signal.aborted || !button.isConnected) return;
      const isChosen = (/** @type {Record<string, string>} */ entries) => LENGTHS.every((name) => (params.get(name) ?? "") === (entries[name] ?? ""));
      if (options.length > 0) {
        keepFocus(place, () => byId("how-long").replaceChildren(choices("How long", [
          { label: "any length", pressed: isChosen({}), choose: () => change(without(params, LENGTHS)) },
          ...options.map(([entries, label]) => ({ label, pressed: isChosen(entries), choose: () => change(withOnly(params, entries, LENGTHS)) })),
        ])));
      }
    }
    const { total } = await countWorks(filters, ["kind"]);
    if (!button.isConnected) return;
    button.textContent = total > 0 ? `Show ${works(total)}` : "No work has all of this: choose less";
    button.disabled = total === 0;
  } catch { /* the button works without a number */ }
}

const lengthFacets = () => ["runtime_minutes", "page_count"].filter((name) => name in FACETS).concat("kind");

/**
 * The question that the chosen wishes make: words that can be changed, with each wish as it was chosen. A work must
 * have all that is wanted more.
 * @param {URLSearchParams} params
 */
function questionOf(params) {
  const weights = [...weightsOf(params)];
  const names = weights.map(([id, weight]) => `${weight < 0 ? "less " : ""}${nameOf(id)}`);
  const kind = params.get("kind");
  const words = names.length > 0 ? names.join(", ") : kind === "book" ? "a good book" : "a good film";
  const wanted = weights.filter(([, weight]) => weight > 0).map(([id]) => /** @type {[string, string]} */ (["value", `${id}:${PRIMARY_SCORE}`]));
  return new URLSearchParams([["q", words], ...params, ...wanted]);
}
