// Wishes that are chosen rather than written: values wanted more or less, films or books, and how long.

import { facetOf } from "../state/catalogue.js";
import { announce, h } from "../dom.js";

/**
 * A value that is pressed once for more, twice for less, and a third time for neither.
 * @param {ValueView} value
 * @param {number} weight
 * @param {(id: string, weight: number) => void} change
 */
export function wish(value, weight, change) {
  const words = weight > 0 ? `more ${value.name}` : weight < 0 ? `less ${value.name}` : value.name;
  return h("button", { class: "feeling", type: "button", "data-facet": facetOf(value.id), "data-key": value.id, title: value.description,
    "data-weight": Math.sign(weight), "aria-pressed": weight === 0 ? "false" : "true",
    onclick: () => {
      const next = weight === 0 ? 1 : weight > 0 ? -1 : 0;
      change(value.id, next);
      announce(next === 0 ? `${value.name}: either way` : `${next > 0 ? "more" : "less"} ${value.name}`);
    } }, words);
}

/**
 * Choices of which one holds.
 * @param {string} title
 * @param {{ label: string, count?: number, pressed: boolean, choose: () => void }[]} options
 */
export function choices(title, options) {
  return h("div", { class: "choice", role: "group", "aria-label": title },
    h("h3", {}, title),
    h("div", { class: "chips" }, options.map(({ label, pressed, choose }) =>
      h("button", { class: "chip", type: "button", "aria-pressed": String(pressed), "data-key": `${title}/${label}`, onclick: choose }, label))));
}
