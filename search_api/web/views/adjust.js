// A slider for each value that was understood: how much it is wanted, from less to more. Moving one searches again.

import { weighed, weightsOf, without } from "../state/address.js";
import { valueGroups } from "./taxonomy.js";
import { address, go } from "../routing.js";
import { h } from "../dom.js";
import { capital, degree } from "../words.js";

const PAUSE_MS = 150;
const ADDED = 0.5; // the first weight of an added value: wanted, or it would not have been added

/**
 * The sliders in `panel`, a <details>. They replace the address while one slider moves, so that "back" undoes the whole move.
 * @param {HTMLElement} panel
 */
export function adjusting(panel) {
  const summary = /** @type {HTMLElement} */ (panel.querySelector("summary"));
  const list = /** @type {HTMLElement} */ (panel.querySelector("ul"));
  const form = /** @type {HTMLFormElement} */ (panel.querySelector("form"));
  const choice = /** @type {HTMLSelectElement} */ (form.querySelector("select"));
  const reset = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=button]"));
  /** @type {Map<string, { element: HTMLElement, slider: HTMLInputElement, describe: () => void }>} */
  const rows = new Map(); // value id to its slider; a row stays the same element, since another would end a drag
  /** @type {Map<string, number>} */
  const moved = new Map(); // value id to a weight that is not in the address yet
  let timer = 0;
  /** @type {string | null} */
  let added = null; // the value whose slider gets the focus when it appears
  /** @type {string | null} */
  let held = null; // the slider whose last move is the newest entry in the history
  let said = ""; // the last move in words

  const rerank = () => {
    const ids = [...moved.keys()].join();
    const next = weighed(address(), moved);
    const replace = held === ids;
    moved.clear();
    go(next, { replace });
    held = ids; // after `go`, which resets it
  };

  const move = (/** @type {string} */ id, /** @type {number} */ weight) => {
    moved.set(id, weight);
    clearTimeout(timer);
    timer = setTimeout(rerank, PAUSE_MS);
  };

  const addRow = (/** @type {ValueView} */ { id, name, facet }) => {
    const label = h("span", { class: "name" }, name);
    const degreeText = h("output", { "aria-hidden": "true" });
    const slider = h("input", { type: "range", min: "-1", max: "1", step: "0.1", id: `weight-${id}`, "aria-label": name,
      oninput: () => {
        describe();
        said = slider.getAttribute("aria-valuetext") ?? "";
        move(id, Number(slider.value));
      } });
    const describe = () => {
      const weight = Number(slider.value);
      degreeText.textContent = degree(weight);
      slider.setAttribute("aria-valuetext", weight === 0 ? `${name} either way` : `${degree(weight)} ${name}`);
      slider.style.setProperty("--weight", String(weight));
    };
    const element = h("li", { "data-facet": facet }, h("label", { for: slider.id }, label, degreeText),
      h("div", { class: "ends" }, h("span", { "aria-hidden": "true" }, "less"), slider, h("span", { "aria-hidden": "true" }, "more")));
    list.append(element);
    const row = { element, slider, describe };
    rows.set(id, row);
    return row;
  };

  const removeRow = (/** @type {string} */ id) => {
    const row = rows.get(id);
    if (row?.element.contains(document.activeElement)) summary.focus();
    row?.element.remove();
    rows.delete(id);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!choice.value) return;
    const id = choice.value;
    go(weighed(address(), [...moved, [id, ADDED]]));
    added = id;
  });
  reset.addEventListener("click", () => {
    summary.focus(); // the button goes away
    go(without(address(), ["weight", "shown"]));
  });
  list.addEventListener("focusout", () => { held = null; });

  return {
    /** Forget a move that is not in the address yet: the address counts. */
    cancel() {
      clearTimeout(timer);
      moved.clear();
      added = held = null;
    },

    /** The last move in words, once: to be said with the answer that it led to. */
    takeSaid() {
      const words = said;
      said = "";
      return words;
    },

    /**
     * Set the sliders to an answer; a value that was left out keeps its slider, in the middle.
     * @param {URLSearchParams} params
     * @param {Intent} intent
     * @param {Map<string, ValueView>} values
     */
    show(params, intent, values) {
      panel.hidden = !params.has("q");
      const weights = weightsOf(params);
      const leftOut = params.getAll("without").filter((part) => part.startsWith("values.")).map((part) => part.slice(7));
      const wanted = new Set([...Object.keys(intent.values), ...weights.keys(), ...leftOut]);
      for (const id of [...rows.keys()]) if (!wanted.has(id)) removeRow(id);
      for (const id of wanted) {
        const value = values.get(id);
        const row = rows.get(id) ?? (value && addRow(value));
        if (!row) continue; // the taxonomy is not known yet
        if (id === added) row.slider.focus();
        if (moved.has(id)) continue;
        row.slider.value = String(weights.get(id) ?? intent.values[id] ?? 0);
        row.describe();
      }
      added = null;
      reset.disabled = weights.size === 0;
      summary.textContent = weights.size > 0 ? `Adjust (${weights.size})` : "Adjust";
      if (choice.options.length < 2 && values.size > 0) choice.replaceChildren(...options(values));
      for (const option of choice.options) option.disabled = option.value !== "" && rows.has(option.value);
      if (rows.has(choice.value)) choice.value = "";
    },
  };
}

/** @param {Map<string, ValueView>} values */
function options(values) {
  const groups = valueGroups([...values.values()]).flatMap(({ title, groups: inFacet }) =>
    inFacet.map(([group, members]) => h("optgroup", { label: group ? capital(group) : title },
      members.map((value) => h("option", { value: value.id }, value.name)))));
  return [h("option", { value: "" }, "Add a value"), ...groups];
}
