// What Evoke understood, and the filters in force, as chips that can be taken away.

import { filtersOf, filtersToParams, toggled, weighed, weightsOf, without } from "./address.js";
import { byId, h } from "./dom.js";
import { duration, kindPlural, languageName, range, years } from "./words.js";

const RANGES = [
  ["year_from", "year_to", years],
  ["runtime_from", "runtime_to", (from, to) => range(from, to, duration, true)],
  ["pages_from", "pages_to", (from, to) => range(from, to, (pages) => `${pages} pages`, true)],
];
const FACTS = {
  kind: "kind", language: "language", not_language: "language", genre: "genres", all_genre: "genres", not_genre: "genres",
  creator: "creators", year_from: "year", year_to: "year", runtime_from: "runtime_minutes", runtime_to: "runtime_minutes",
  pages_from: "page_count", pages_to: "page_count",
};
const CHOICES = {
  kind: kindPlural,
  language: languageName,
  not_language: (code) => `not ${languageName(code)}`,
  genre: String,
  all_genre: String,
  not_genre: (genre) => `no ${genre}`,
  creator: (name) => `by ${name}`,
};

/** Each filter in `params` as {label, fact, unwanted, next}: `next` is `params` without it. */
export function filterChips(params, nameOf) {
  const choices = [...params].filter(([name]) => name in CHOICES).map(([name, value]) => ({
    label: CHOICES[name](value), fact: FACTS[name], unwanted: name.startsWith("not_"), next: toggled(params, name, value),
  }));
  const ranges = RANGES.filter(([from, to]) => params.has(from) || params.has(to)).map(([from, to, label]) => ({
    label: label(params.get(from), params.get(to)), fact: FACTS[from], next: without(params, [from, to, "shown"]),
  }));
  const values = params.getAll("value").map((value) => ({
    label: nameOf(value.split(":")[0]), next: toggled(params, "value", value),
  }));
  return [...choices, ...ranges, ...values];
}

/** What was read out of the words, as the same chips: `next` leaves that part out, and only that. */
export function understoodChips(params, intent, nameOf) {
  const own = filtersOf(params);
  const read = new URLSearchParams([...filtersToParams(intent.filters)].filter(([name, value]) => !own.has(name, value)));
  const leaveOut = (part, kept = []) => new URLSearchParams([...without(params, ["shown"]), ["without", part], ...kept]);
  const facts = filterChips(read, nameOf).map((chip) => {
    // A fact is left out whole, so what else was read of it (of two genres the other) stays on as a filter.
    const kept = [...chip.next].filter(([name]) => FACTS[name] === chip.fact);
    return { ...chip, next: leaveOut(`filters.${chip.fact}`, kept) };
  });
  const values = Object.entries(intent.values).map(([id, weight]) => ({
    label: weight < 0 ? `less ${nameOf(id)}` : nameOf(id),
    unwanted: weight < 0,
    wish: true,
    next: weightsOf(params).has(id) ? weighed(params, [[id, 0]]) : leaveOut(`values.${id}`),
  }));
  const likes = intent.like.map((work) => ({ label: `like ${work.title}`, next: leaveOut(`like.${work.id}`) }));
  const unlikes = intent.unlike.map((work) => ({
    label: `unlike ${work.title}`, unwanted: true, next: leaveOut(`unlike.${work.id}`),
  }));
  return [...likes, ...unlikes, ...values, ...facts];
}

/** Put the chips into `place`. */
export function showUnderstood(place, params, intent, nameOf, go) {
  // Beside a work's own neighbours nothing was read: the intent only repeats the work.
  const understood = params.has("q") ? understoodChips(params, intent, nameOf) : [];
  const chosen = filterChips(filtersOf(params), nameOf).map((chip) => ({
    ...chip, next: new URLSearchParams([...without(params, [...filtersOf(params).keys(), "shown"]), ...chip.next]),
  }));
  const like = params.has("like") && intent.like[0]?.title;
  const restore = params.has("without") && h("button", {
    class: "quiet", type: "button", onclick: () => go(without(params, ["without", "shown"])),
  }, "Put back what you left out");
  const focused = visibleButtons(place).indexOf(document.activeElement);
  place.replaceChildren(...[
    like ? h("h1", {}, "More like ", like) : h("h1", { class: "unseen" }, `Works for “${params.get("q")}”`),
    reading("Understood", understood, go, restore),
    reading("Filtered", chosen, go),
  ].filter(Boolean));
  // Who took a chip away by keyboard goes on with the next one, not from the top of the page.
  const buttons = visibleButtons(place);
  if (focused >= 0) (buttons[Math.min(focused, buttons.length - 1)] ?? byId("results")).focus();
}

const visibleButtons = (place) => [...place.querySelectorAll("button")].filter((button) => button.checkVisibility());

function reading(title, chips, go, after = false) {
  if (chips.length === 0 && !after) return false;
  return h("div", { class: "reading" },
    chips.length > 0 && h("h2", {}, title),
    chips.length > 0 && h("ul", { class: "chips" }, chips.map((chip) => h("li", { class: chip.wish && "wish" }, removable(chip, go)))),
    after);
}

function removable({ label, unwanted, next }, go) {
  return h("span", { class: `chip taken${unwanted ? " unwanted" : ""}` },
    label, h("button", { type: "button", "aria-label": `Leave out "${label}"`, onclick: () => go(next) }, "×"));
}
