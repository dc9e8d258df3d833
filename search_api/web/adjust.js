// A slider for each value that was understood: how much it is wanted, from less to more. Moving one searches again.

import { readAddress, weighed, weightsOf, without } from "./address.js";
import { h } from "./dom.js";
import { valueGroups } from "./home.js";
import { degree } from "./words.js";

const PAUSE_MS = 150;
const ADDED = 0.5; // the first weight of an added value: wanted, or it would not have been added

/**
 * The sliders in `panel`, a <details>.
 * @param go shows other parameters; it replaces the address while one slider moves, so that "back" undoes the whole move
 */
export function adjusting(panel, go) {
  const [summary, list, form] = panel.children;
  const [choice, reset] = [form.querySelector("select"), form.querySelector("button[type=button]")];
  const rows = new Map(); // value id to its slider; a row stays the same element, since another would end a drag
  const moved = new Map(); // value id to a weight that is not in the address yet
  let timer = 0;
  let added = null; // the value whose slider gets the focus when it appears
  let held = null; // the slider whose last move is the newest entry in the history

  const rerank = () => {
    const ids = [...moved.keys()].join();
    const next = weighed(readAddress(location.search), moved);
    const replace = held === ids;
    moved.clear();
    go(next, { replace });
    held = ids; // after `go`, which resets it
  };

  const move = (id, weight) => {
    moved.set(id, weight);
    clearTimeout(timer);
    timer = setTimeout(rerank, PAUSE_MS);
  };

  const addRow = ({ id, name, facet }) => {
    const label = h("span", { class: "name" }, name);
    const degreeText = h("output", { "aria-hidden": "true" });
    const slider = h("input", { type: "range", min: "-1", max: "1", step: "0.1", id: `weight-${id}`, "aria-label": name,
      oninput: () => {
        describe();
        move(id, Number(slider.value));
      } });
    const describe = () => {
      const weight = Number(slider.value);
      degreeText.textContent = degree(weight);
      slider.setAttribute("aria-valuetext", weight === 0 ? `${name} either way` : `${degree(weight)} ${name}`);
      slider.style.setProperty("--weight", weight);
    };
    const element = h("li", { "data-facet": facet }, h("label", { for: slider.id }, label, degreeText),
      h("div", { class: "ends" }, h("span", { "aria-hidden": "true" }, "less"), slider, h("span", { "aria-hidden": "true" }, "more")));
    list.append(element);
    rows.set(id, { element, slider, describe });
  };

  const removeRow = (id) => {
    const { element } = rows.get(id);
    if (element.contains(document.activeElement)) summary.focus();
    element.remove();
    rows.delete(id);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!choice.value) return;
    const id = choice.value;
    go(weighed(readAddress(location.search), [...moved, [id, ADDED]]));
    added = id;
  });
  reset.addEventListener("click", () => {
    summary.focus(); // the button goes away
    go(without(readAddress(location.search), ["weight", "shown"]));
  });
  list.addEventListener("focusout", () => { held = null; });

  return {
    /** Forget a move that is not in the address yet: the address counts. */
    cancel() {
      clearTimeout(timer);
      moved.clear();
      added = held = null;
    },

    /** Set the sliders to an answer; a value that was left out keeps its slider, in the middle. */
    show(params, intent, values) {
      const weights = weightsOf(params);
      const leftOut = params.getAll("without").filter((part) => part.startsWith("values.")).map((part) => part.slice(7));
      const wanted = new Set([...Object.keys(intent.values), ...weights.keys(), ...leftOut].filter((id) => values.has(id)));
      for (const id of [...rows.keys()]) if (!wanted.has(id)) removeRow(id);
      for (const id of wanted) {
        if (!rows.has(id)) addRow(values.get(id));
        const { slider, describe } = rows.get(id);
        if (id === added) slider.focus();
        if (moved.has(id)) continue;
        slider.value = weights.get(id) ?? intent.values[id] ?? 0;
        describe();
      }
      added = null;
      reset.disabled = weights.size === 0;
      summary.textContent = weights.size > 0 ? `Adjust (${weights.size})` : "Adjust";
      if (choice.options.length === 0) choice.append(...options(values));
      for (const option of choice.options) option.disabled = option.value !== "" && rows.has(option.value);
      if (rows.has(choice.value)) choice.value = "";
    },
  };
}

function options(values) {
  const groups = valueGroups([...values.values()]).flatMap(({ title, groups: inFacet }) =>
    inFacet.map(([group, members]) => h("optgroup", { label: group ? group[0].toUpperCase() + group.slice(1) : title },
      members.map((value) => h("option", { value: value.id }, value.name)))));
  return [h("option", { value: "" }, "Add a value"), ...groups];
}
