// What Evoke understood, and the filters in force, as chips that can be taken away.

import { filtersOf, filtersToParams, mergedFilters, toggled, withOnly, without } from "./address.js";
import { h } from "./dom.js";
import { duration, kindPlural, languageName, range } from "./words.js";

const RANGES = [
  ["year_from", "year_to", String],
  ["runtime_from", "runtime_to", duration],
  ["pages_from", "pages_to", (pages) => `${pages} pages`],
];
const CHOICES = {
  kind: kindPlural,
  language: languageName,
  genre: String,
  all_genre: String,
  not_genre: (genre) => `no ${genre}`,
  creator: (name) => `by ${name}`,
};

/** Each filter in `params` as {label, unwanted, next}: `next` is `params` without it. */
export function filterChips(params, nameOf) {
  const choices = [...params].filter(([name]) => name in CHOICES).map(([name, value]) => ({
    label: CHOICES[name](value), unwanted: name === "not_genre", next: toggled(params, name, value),
  }));
  const ranges = RANGES.filter(([from, to]) => params.has(from) || params.has(to)).map(([from, to, unit]) => ({
    label: range(params.get(from), params.get(to), unit), next: without(params, [from, to, "shown"]),
  }));
  const values = params.getAll("value").map((value) => ({
    label: nameOf(value.split(":")[0]), next: toggled(params, "value", value),
  }));
  return [...choices, ...ranges, ...values];
}

/**
 * What was read out of the words, as the same chips. An answer cannot be asked for with one reading left out, so taking
 * one away asks again for the plain words, with the other facts that were read kept as filters.
 */
export function understoodChips(params, intent, nameOf) {
  const own = filtersOf(params);
  const read = [...filtersToParams(intent.filters)].filter(([name, value]) => !own.getAll(name).includes(value));
  const plain = withOnly(params, { interpret: "false" });
  const asFilters = mergedFilters(plain, new URLSearchParams(read));
  const facts = filterChips(new URLSearchParams(read), nameOf).map((chip) => ({
    ...chip, next: mergedFilters(plain, chip.next),
  }));
  const values = Object.entries(intent.values).map(([id, weight]) => ({
    label: weight < 0 ? `less ${nameOf(id)}` : nameOf(id), unwanted: weight < 0, next: asFilters,
  }));
  const likes = intent.like.map((work) => ({ label: `like ${work.title}`, next: asFilters }));
  const unlikes = intent.unlike.map((work) => ({ label: `unlike ${work.title}`, unwanted: true, next: asFilters }));
  return [...likes, ...unlikes, ...values, ...facts];
}

/** Put the chips into `place`. */
export function showUnderstood(place, params, intent, nameOf, go) {
  // Beside a work's own neighbours nothing was read: the intent only repeats the work.
  const understood = params.has("q") ? understoodChips(params, intent, nameOf) : [];
  const chosen = filterChips(filtersOf(params), nameOf).map((chip) => ({
    ...chip, next: new URLSearchParams([...without(params, [...filtersOf(params).keys(), "shown"]), ...chip.next]),
  }));
  const plain = params.get("interpret") === "false"
    ? [{ label: "plain words", next: without(params, ["interpret", "shown"]), verb: "Stop searching for" }] : [];
  const like = params.has("like") && intent.like[0]?.title;
  const title = like ? [h("h1", {}, "More like ", like)] : [];
  place.replaceChildren(...title, ...[["Understood", understood], ["Filtered", chosen], ["Searched for", plain]]
    .filter(([, chips]) => chips.length > 0)
    .map(([title, chips]) => h("div", { class: "reading" },
      h("h2", {}, title),
      h("ul", { class: "chips" }, chips.map((chip) => h("li", {}, removable(chip, go)))))));
}

function removable({ label, unwanted, next, verb = "Leave out" }, go) {
  return h("span", { class: `chip taken${unwanted ? " unwanted" : ""}` },
    label, h("button", { type: "button", "aria-label": `${verb} "${label}"`, onclick: () => go(next) }, "×"));
}
