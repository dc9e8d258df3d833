// The filter chips: which there are, how many works each would leave, and the address each leads to.

import { filtersOf, toggled, withOnly, without } from "./address.js";
import { h } from "./dom.js";
import { count, duration, kindPlural, languageName } from "./words.js";

const SURE = "0.5"; // a value counts as given from this score on
const FIRST = 8;
const YEARS = ["year_from", "year_to"];
const LENGTHS = ["runtime_from", "runtime_to", "pages_from", "pages_to"];

/** Facet of the API to the parameters that choose from it; the counts of a fact leave out its own choice. */
const PARAMETERS = { kind: ["kind"], genres: ["genre"], decade: YEARS, language: ["language"] };

/** The facet questions for a set of filters, as [names, filters]: one for all facts, one more for each fact chosen. */
export function facetQuestions(filters) {
  const chosen = Object.keys(PARAMETERS).filter((facet) => PARAMETERS[facet].some((name) => filters.has(name)));
  const rest = [...Object.keys(PARAMETERS), "values"].filter((facet) => !chosen.includes(facet));
  return [[rest, filters], ...chosen.map((facet) => [[facet], without(filters, PARAMETERS[facet])])];
}

/** The groups of chips for an address, as [{title, options: [{label, count, pressed, next}]}]. */
export function filterGroups(params, facets, nameOf) {
  const counted = (facet) => (facets[facet] ?? []).map((each) => [String(each.value), each.count]);
  const choice = (name, value, label, works) => ({
    label, count: works, pressed: params.getAll(name).includes(value), next: toggled(params, name, value),
  });
  const single = (entries, cleared, label, works) => {
    const pressed = cleared.every((name) => (params.get(name) ?? "") === (entries[name] ?? ""));
    return { label, count: works, pressed, next: withOnly(params, pressed ? {} : entries, cleared) };
  };
  const kinds = new Map(counted("kind"));
  return [
    { title: "Kind", options: ["movie", "book"].map((kind) => single({ kind }, ["kind"], kindPlural(kind), kinds.get(kind))) },
    { title: "Length", options: lengths(params.get("kind")).map(([entries, label]) => single(entries, LENGTHS, label)) },
    { title: "Genre", options: chosenToo(counted("genres"), params.getAll("genre"))
      .map(([genre, works]) => choice("genre", genre, genre, works)) },
    { title: "Gives", options: chosenToo(counted("values").map(([id, works]) => [`${id}:${SURE}`, works]), params.getAll("value"))
      .map(([value, works]) => choice("value", value, nameOf(value.split(":")[0]), works)) },
    { title: "Decade", options: counted("decade").sort(([a], [b]) => b - a).map(([decade, works]) =>
      single({ year_from: decade, year_to: String(Number(decade) + 9) }, YEARS, `${decade}s`, works)) },
    { title: "Language", options: chosenToo(counted("language"), params.getAll("language"))
      .map(([code, works]) => choice("language", code, languageName(code), works)) },
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

/** What was counted, and after it what is chosen although no work has it any more. */
function chosenToo(counted, chosen) {
  const known = new Set(counted.map(([value]) => value));
  return [...counted, ...chosen.filter((value) => !known.has(value)).map((value) => [value, 0])];
}

const opened = new Set();

/** Put the chips into `place`, keeping the keyboard's place. */
export function showFilters(place, params, facets, nameOf, go) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const redraw = () => showFilters(place, params, facets, nameOf, go);
  const clear = filtersOf(params).size > 0
    && h("button", { class: "quiet", type: "button", "data-key": "clear",
      onclick: () => go(without(params, [...filtersOf(params).keys(), "shown"])) }, "Clear filters");
  place.replaceChildren(...filterGroups(params, facets, nameOf).map((group) => section(group, go, redraw)), clear || "");
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
