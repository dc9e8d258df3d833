// The values of a work as bars: those asked for, those not wanted, and then the others.

import { facetOf } from "../state/catalogue.js";
import { h } from "../dom.js";
import { strength } from "../words.js";

/**
 * Values in the order of the request: what it asks for, what it refuses, then the strongest.
 * @param {WorkValue[]} values
 * @param {Record<string, number>} weights
 */
export function inOrderOfRequest(values, weights) {
  const rank = (/** @type {WorkValue} */ { id }) => ((weights[id] ?? 0) > 0 ? 0 : (weights[id] ?? 0) < 0 ? 1 : 2);
  return values.toSorted((a, b) => rank(a) - rank(b) || b.score - a.score);
}

/**
 * A value as a bar. Pressed, it shows its number and the sentence that it is read from.
 * @param {WorkValue} value
 * @param {number} weight how much the request wants it; negative: it refuses it
 * @param {boolean} isPressed
 * @param {(id: string, on: boolean) => void} press
 */
export function bar(value, weight, isPressed, press) {
  const percent = Math.round(value.score * 100);
  const asked = weight > 0 ? "asked for" : weight < 0 ? "not wanted" : "";
  const fill = h("span", { class: "fill" });
  fill.style.inlineSize = `${percent}%`;
  const classes = ["bar", weight > 0 && "asked", weight < 0 && "refused"].filter(Boolean).join(" ");
  const source = value.evidence ? "the sentence that shows it" : value.said?.quote ? "what people say" : "its number";
  const button = h("button", {
    class: classes, type: "button", "data-facet": facetOf(value.id), "data-value": value.id,
    "aria-pressed": String(isPressed), title: `${percent} of 100. Press for ${source}.`,
    onclick: () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      press(value.id, on);
    },
  },
  h("span", { class: "name" }, value.name, asked && " ", asked && h("span", { class: "wanted" }, asked)),
  h("span", { class: "score" }, h("span", { class: "word" }, strength(value.score)), h("span", { class: "number" }, ` ${percent} of 100`)),
  h("span", { class: "track", "aria-hidden": "true" }, fill));
  return h("li", {}, button);
}

/**
 * Mark on each bar how strongly the liked works have the value, on average.
 * @param {HTMLElement} place
 * @param {Work[]} liked
 */
export function markLevels(place, liked) {
  if (liked.length === 0) return;
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll(".bar"))) {
    const scores = liked.map((work) => work.values.find(({ id }) => id === button.dataset.value)?.score ?? 0);
    const level = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const track = button.querySelector(".track");
    track?.querySelector(".level")?.remove();
    if (level < .1) continue; // a level that is not known, or too low to be kept
    const mark = h("span", { class: "level" });
    mark.style.insetInlineStart = `${Math.round(level * 100)}%`;
    track?.append(mark);
  }
}

/**
 * The one legend of an answer.
 * @param {WorkReference[]} liked
 */
export function legend(liked) {
  const whose = liked.length === 1 ? liked[0]?.title : `the ${liked.length} works you like, on average`;
  return h("p", { class: "legend" },
    h("span", { class: "swatch", "data-facet": "emotion" }, "feeling"),
    h("span", { class: "swatch", "data-facet": "theme" }, "theme"),
    h("span", { class: "swatch", "data-facet": "learning" }, "to take away"),
    h("span", {}, "Press a bar for its sentence and number."),
    liked.length > 0 && h("span", { class: "level-key" }, whose));
}
