// The filter chips: which there are, how many works pass each, and the address behind each.

import { FACETS, FACTS } from "./facts.js";
import { filtersOf, toggled, withOnly, without } from "./address.js";
import { h } from "./dom.js";
import { count, duration, kindPlural, languageName } from "./words.js";

const PRIMARY_SCORE = "0.5"; // from here up a value is one of the work's primary values, which the facet counts
const FIRST = 8; // chips of a group before "more"

/** The facets that are counted without the filters chosen from them, so that the other choices stay in sight. */
const CHOSEN_FROM = ["kind", "genres", "decade", "language"];

/** All parameters of a fact: together they replace what was read from the words. */
const parametersOf = (fact) => Object.values(FACTS[fact].links);
const YEARS = parametersOf("year");
const LENGTHS = [...parametersOf("runtime_minutes"), ...parametersOf("page_count")];

/** The parameters that choose from a facet, without those that ask for all or for none of several names. */
function choiceParameters(facet) {
  const { all, none, ...links } = FACTS[FACETS[facet]].links;
  return Object.values(links);
}

/** The facet questions for a set of filters, as [facets, filters]: one for all facets, and one for each chosen from. */
export function facetQuestions(filters) {
  const chosen = CHOSEN_FROM.filter((facet) => choiceParameters(facet).some((name) => filters.has(name)));
  const rest = [...CHOSEN_FROM, "values"].filter((facet) => !chosen.includes(facet));
  return [[rest, filters], ...chosen.map((facet) => [[facet], without(filters, choiceParameters(facet))])];
}

/**
 * The question with the parts of a fact that were read from the words as filters, so that a further choice keeps them.
 * `emptied` returns the question to ask once the last choice of the fact is removed.
 */
function takenOver(params, read, fact) {
  const names = parametersOf(fact);
  if (names.some((name) => params.has(name))) return { base: params, emptied: (next) => next };
  const base = new URLSearchParams([...params, ...[...read].filter(([name]) => names.includes(name))]);
  const emptied = (next) => names.some((name) => next.has(name)) ? next : new URLSearchParams([...next, ["without", `filters.${fact}`]]);
  return { base, emptied };
}

/**
 * The groups of chips for an address, as [{title, options: [{label, count, pressed, next}]}].
 * @param read all filters in force, those read from the words included
 */
export function filterGroups(params, read, facets, nameOf) {
  const counted = (facet) => (facets[facet] ?? []).map((each) => [String(each.value), each.count]);
  const ofFact = (fact) => fact ? takenOver(params, read, fact) : { base: params, emptied: (next) => next };
  const choice = (fact, name, value, label, works) => {
    const { base, emptied } = ofFact(fact);
    return { label, count: works, pressed: base.has(name, value), next: emptied(toggled(base, name, value)) };
  };
  const single = (fact, entries, cleared, label, works) => {
    const { base, emptied } = ofFact(fact);
    const pressed = cleared.every((name) => (base.get(name) ?? "") === (entries[name] ?? ""));
    return { label, count: works, pressed, next: emptied(withOnly(base, pressed ? {} : entries, cleared)) };
  };
  const kinds = new Map(counted("kind"));
  return [
    { title: "Kind", options: ["movie", "book"].map((kind) => single("kind", { kind }, ["kind"], kindPlural(kind), kinds.get(kind) ?? 0)) },
    { title: "Length", options: lengths(read.get("kind")).map(([entries, label]) => single(null, entries, LENGTHS, label)) },
    { title: "Genre", options: chosenToo(counted("genres"), read.getAll("genre"))
      .map(([genre, works]) => choice("genres", "genre", genre, genre, works)) },
    { title: "Values", options: chosenToo(counted("values").map(([id, works]) => [`${id}:${PRIMARY_SCORE}`, works]), params.getAll("value"))
      .map(([value, works]) => choice(null, "value", value, nameOf(value.split(":")[0]), works)) },
    { title: "Decade", options: counted("decade").sort(([a], [b]) => b - a).map(([decade, works]) =>
      single("year", { year_from: decade, year_to: String(Number(decade) + 9) }, YEARS, `${decade}s`, works)) },
    { title: "Language", options: chosenToo(counted("language"), read.getAll("language"))
      .map(([code, works]) => choice("language", "language", code, languageName(code), works)) },
  ].filter((group) => group.options.length > 0);
}

function lengths(kind) {
  const films = [
    [{ runtime_to: "90" }, `up to ${duration(90)}`],
    [{ runtime_to: "120" }, `up to ${duration(120)}`],
    [{ runtime_from: "120" }, `from ${duration(120)}`],
  ];
  const books = [
    [{ pages_to: "200" }, "up to 200 pages"],
    [{ pages_to: "400" }, "up to 400 pages"],
    [{ pages_from: "400" }, "from 400 pages"],
  ];
  return [...(kind === "book" ? [] : films), ...(kind === "movie" ? [] : books)];
}

/** The counted entries, then the chosen ones that no work has any more. */
function chosenToo(counted, chosen) {
  const known = new Set(counted.map(([value]) => value));
  return [...counted, ...chosen.filter((value) => !known.has(value)).map((value) => [value, 0])];
}

const opened = new Set();

/** Show the chips in `place`; the chip with the keyboard's focus keeps it. */
export function showFilters(place, params, read, facets, nameOf, go) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const redraw = () => showFilters(place, params, read, facets, nameOf, go);
  const clear = filtersOf(params).size > 0
    && h("button", { class: "quiet", type: "button", "data-key": "clear",
      onclick: () => go(without(params, [...filtersOf(params).keys(), "shown"])) }, "Clear filters");
  place.replaceChildren(...filterGroups(params, read, facets, nameOf).map((group) => section(group, go, redraw)), clear || "");
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function section({ title, options }, go, redraw) {
  const isOpen = opened.has(title);
  const shown = options.filter((option, index) => isOpen || index < FIRST || option.pressed);
  const hidden = options.length - shown.length;
  const toggle = () => {
    if (isOpen) opened.delete(title);
    else opened.add(title);
    redraw();
  };
  return h("section", { role: "group", "aria-label": title },
    h("h2", {}, title),
    h("div", { class: "chips" },
      shown.map((option) => h("button", {
        class: "chip", type: "button", "aria-pressed": String(option.pressed), "data-key": `${title}/${option.label}`,
        onclick: () => go(option.next),
      }, option.label, option.count !== undefined && h("span", { class: "count" }, count(option.count),
        h("span", { class: "unseen" }, " works")))),
      (hidden > 0 || isOpen) && h("button", { class: "quiet", type: "button", "data-key": `${title}/more`, onclick: toggle },
        isOpen ? "fewer" : `${hidden} more`)));
}
