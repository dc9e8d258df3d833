// Where no work fits: each condition, and how many works are left without it.

import { filtersOf, filtersToParams, without } from "../state/address.js";
import { countWorks } from "../state/catalogue.js";
import { filterChips, understoodChips } from "./understood.js";
import { go } from "../routing.js";
import { h } from "../dom.js";
import { works } from "../words.js";

/**
 * The conditions that leave works out, as chips: `filters` are all others.
 * @param {URLSearchParams} params
 * @param {Intent} intent
 * @returns {(Chip & { filters: URLSearchParams })[]}
 */
export function conditions(params, intent) {
  const own = filtersOf(params);
  const all = filtersToParams(intent.filters);
  const chosen = filterChips(own).map((chip) => ({
    ...chip, filters: new URLSearchParams([...[...all].filter(([name, value]) => !own.has(name, value)), ...chip.next]),
    next: new URLSearchParams([...without(params, [...own.keys(), "shown"]), ...chip.next]),
  }));
  const read = filterChips(new URLSearchParams([...all].filter(([name, value]) => !own.has(name, value))));
  const understood = understoodChips(params, intent);
  const follows = (/** @type {Chip} */ { fact }) => Object.entries(intent.implied)
    .filter(([, sources]) => sources.every((source) => source === `filters.${fact}`)).map(([part]) => part.replace("filters.", ""));
  const fromWords = read.map((chip) => ({
    ...chip,
    filters: new URLSearchParams([...own, ...without(chip.next, follows(chip))]),
    next: understood.find(({ label, fact }) => fact && label === chip.label)?.next ?? params,
  }));
  return [...chosen, ...fromWords];
}

/**
 * @param {URLSearchParams} params
 * @param {Intent} intent
 */
export function waysOn(params, intent) {
  const found = conditions(params, intent);
  const list = h("ul", { class: "ways" });
  const advice = h("p", { role: "status" }, found.length > 0 ? "Leave out one of the conditions, or try other words." : "Try other words, or fewer conditions.");
  for (const { label, next, filters } of found) {
    const left = h("span", { class: "count" }, "…");
    const item = h("li", {}, h("button", { type: "button", class: "way", onclick: () => go(next) },
      h("span", {}, `Without “${label}”`), " ", left));
    list.append(item);
    countWorks(filters, ["kind"]).then(({ total }) => {
      if (total > 0) left.textContent = works(total);
      else item.remove();
      if (!list.firstChild) advice.textContent = "No one condition alone is in the way: leave out several, or try other words.";
    }, () => left.remove());
  }
  const own = [...filtersOf(params).keys()];
  return h("div", { class: "notice" },
    h("h2", {}, "Nothing fits all of that"),
    advice,
    found.length > 0 && list,
    own.length > 1 && h("button", { type: "button", class: "quiet", onclick: () => go(without(params, [...own, "shown"])) }, "Clear all filters"));
}
