// The filter chips: which there are, how many works pass each, and the address behind each.

import { FACETS, FACTS } from "../facts.js";
import { filtersOf, toggled, withOnly, without } from "../state/address.js";
import { countWorks, loadValues, nameOf } from "../state/catalogue.js";
import { address, go } from "../routing.js";
import { byId, h, keepFocus, shown } from "../dom.js";
import { troubleLine } from "./trouble.js";
import { count, duration, kindPlural, languageName, works } from "../words.js";

const PRIMARY_SCORE = "0.5"; // from here up a value is one of the work's primary values, which the facet counts
const FIRST = 8; // chips of a group before "more"

/** The facets of lengths, where the service counts them. */
const LENGTH_FACETS = ["runtime_minutes", "page_count"].filter((name) => name in FACETS);
/** The facets that are counted without the filters chosen from them, so that the other choices stay in sight. */
const CHOSEN_FROM = ["kind", "genres", "decade", "language", ...LENGTH_FACETS];

/** All parameters of a fact: together they replace what was read from the words. @param {string} fact */
const parametersOf = (fact) => Object.values(FACTS[fact]?.links ?? {});
const YEARS = parametersOf("year");
const LENGTHS = [...parametersOf("runtime_minutes"), ...parametersOf("page_count")];

/** The parameters of the lengths of each kind. @type {Record<string, string[]>} */
const LENGTHS_OF = { movie: parametersOf("runtime_minutes"), book: parametersOf("page_count") };
/** The works of each kind whatever their length: the other kind has lengths of its own, so it is offered without any. */
const ANY_LENGTH = "kind of any length";

/**
 * The parameters that choose from a facet, without those that ask for all or for none of several names.
 * @param {string} facet
 */
function choiceParameters(facet) {
  if (LENGTH_FACETS.includes(facet)) return LENGTHS;
  const links = FACTS[FACETS[facet] ?? ""]?.links ?? {};
  return Object.entries(links).filter(([part]) => part !== "all" && part !== "none").map(([, name]) => name);
}

/**
 * The facet questions for a set of filters, as [facets, filters]: one for all facets, and one for each chosen from.
 * @param {URLSearchParams} filters
 * @returns {[string[], URLSearchParams][]}
 */
function facetQuestions(filters) {
  const chosen = CHOSEN_FROM.filter((facet) => choiceParameters(facet).some((name) => filters.has(name)));
  const rest = [...CHOSEN_FROM, "values"].filter((facet) => !chosen.includes(facet));
  const own = Map.groupBy(chosen, (facet) => choiceParameters(facet).join());
  return [[rest, filters], ...[...own.values()].map((facets) =>
    /** @type {[string[], URLSearchParams]} */ ([facets, without(filters, choiceParameters(facets[0] ?? ""))]))];
}

/**
 * The facets for a set of filters, and how many works there are in all.
 * @param {URLSearchParams} filters
 */
async function countFacets(filters) {
  const hasLength = LENGTHS.some((name) => filters.has(name));
  const [ofAnyLength, ...counted] = await Promise.all([
    hasLength ? countWorks(without(filters, ["kind", ...LENGTHS]), ["kind"]) : null,
    ...facetQuestions(filters).map(([names, others]) => countWorks(others, names)),
  ]);
  const facets = Object.assign({}, ...counted.map((each) => each?.facets), ofAnyLength && { [ANY_LENGTH]: ofAnyLength.facets.kind });
  return { facets: /** @type {Record<string, FacetCount[]>} */ (facets), total: counted[0]?.total ?? 0 };
}

/**
 * The question with the parts of a fact that were read from the words as filters, so that a further choice keeps them.
 * `emptied` returns the question to ask once the last choice of the fact is removed.
 * @param {URLSearchParams} params
 * @param {URLSearchParams} read
 * @param {string} fact
 */
function takenOver(params, read, fact) {
  const names = parametersOf(fact);
  const same = (/** @type {URLSearchParams} */ next) => next;
  if (names.some((name) => params.has(name))) return { base: params, emptied: same };
  const base = new URLSearchParams([...params, ...[...read].filter(([name]) => names.includes(name))]);
  const emptied = (/** @type {URLSearchParams} */ next) =>
    names.some((name) => next.has(name)) ? next : new URLSearchParams([...next, ["without", `filters.${fact}`]]);
  return { base, emptied };
}

/**
 * The groups of chips for an address. A group that tells nothing about the catalogue is left out.
 * @param {URLSearchParams} params
 * @param {URLSearchParams} read all filters in force, those read from the words included
 * @param {Record<string, FacetCount[]>} facets
 * @returns {FilterGroup[]}
 */
export function filterGroups(params, read, facets) {
  const counted = (/** @type {string} */ facet) =>
    (facets[facet] ?? []).map((each) => /** @type {[string, number]} */ ([String(each.value), each.count]));
  const ofFact = (/** @type {string | null} */ fact) =>
    fact ? takenOver(params, read, fact) : { base: params, emptied: (/** @type {URLSearchParams} */ next) => next };
  const choice = (/** @type {string | null} */ fact, /** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ label, /** @type {number} */ n) => {
    const { base, emptied } = ofFact(fact);
    return { label, count: n, pressed: base.has(name, value), next: emptied(toggled(base, name, value)) };
  };
  const single = (/** @type {string | null} */ fact, /** @type {Record<string, string>} */ entries, /** @type {string[]} */ cleared,
    /** @type {string} */ label, /** @type {number | undefined} */ n) => {
    const { base, emptied } = ofFact(fact);
    const pressed = cleared.every((name) => (base.get(name) ?? "") === (entries[name] ?? ""));
    return { label, count: n, pressed, next: emptied(withOnly(base, pressed ? {} : entries, cleared)) };
  };
  const kinds = new Map(counted("kind"));
  const ofAnyLength = new Map(counted(ANY_LENGTH));
  const kindOptions = ["movie", "book"].map((kind) => {
    const foreign = LENGTHS.filter((name) => !LENGTHS_OF[kind]?.includes(name) && read.has(name));
    const option = single("kind", { kind }, ["kind"], kindPlural(kind), (foreign.length > 0 ? ofAnyLength : kinds).get(kind) ?? 0);
    return option.pressed ? option : { ...option, next: withoutLengths(option.next, foreign) };
  });
  return [
    // One kind alone is no choice; nor is a kind that no work has, unless it is chosen.
    { title: "Kind", options: Math.max(kinds.size, ofAnyLength.size) > 1 || kindOptions.some(({ pressed }) => pressed) ? kindOptions : [] },
    { title: "Length", options: lengths(read.get("kind"), facets).map(([entries, label, n]) => single(null, entries, LENGTHS, label, n))
      .filter(({ count: n, pressed }) => n !== 0 || pressed) },
    { title: "Genre", options: chosenToo(counted("genres"), read.getAll("genre"))
      .map(([genre, n]) => choice("genres", "genre", genre, genre, n)) },
    { title: "Values", options: chosenToo(counted("values").map(([id, n]) => [`${id}:${PRIMARY_SCORE}`, n]), params.getAll("value"))
      .map(([value, n]) => choice(null, "value", value, nameOf(value.split(":")[0] ?? ""), n)) },
    { title: "Decade", options: chosenToo(counted("decade"), chosenDecade(read)).sort(([a], [b]) => Number(b) - Number(a)).map(([decade, n]) =>
      single("year", { year_from: decade, year_to: String(Number(decade) + 9) }, YEARS, `${decade}s`, n)) },
    { title: "Language", options: chosenToo(counted("language"), read.getAll("language"))
      .map(([code, n]) => choice("language", "language", code, languageName(code), n)) },
  ].filter((group) => group.options.length > 0);
}

/**
 * The question without lengths of the other kind, whether they were chosen or read from the words.
 * @param {URLSearchParams} params
 * @param {string[]} names
 */
function withoutLengths(params, names) {
  const facts = Object.keys(FACTS).filter((fact) => parametersOf(fact).some((name) => names.includes(name) && !params.has(name)));
  return new URLSearchParams([...without(params, names), ...facts.map((fact) => ["without", `filters.${fact}`])]);
}

/** The decade that is asked for as a whole. @param {URLSearchParams} read */
function chosenDecade(read) {
  const from = Number(read.get("year_from"));
  return from > 0 && from % 10 === 0 && read.get("year_to") === String(from + 9) ? [String(from)] : [];
}

/**
 * The lengths to choose from, each with the parameters that ask for it and the number of works, where it is counted.
 * @param {string | null} kind
 * @param {Record<string, FacetCount[]>} facets
 * @returns {[Record<string, string>, string, number | undefined][]}
 */
export function lengths(kind, facets) {
  const isCounted = LENGTH_FACETS.length > 0;
  const counts = new Map(LENGTH_FACETS.flatMap((facet) =>
    (facets[facet] ?? []).map((each) => /** @type {[string, number]} */ ([`${facet} ${each.value}`, each.count]))));
  const n = (/** @type {string} */ key) => (isCounted ? counts.get(key) ?? 0 : undefined);
  /** @type {[Record<string, string>, string, number | undefined][]} */
  const films = [
    [{ runtime_to: "90" }, `up to ${duration(90)}`, n("runtime_minutes ..90")],
    [{ runtime_to: "120" }, `up to ${duration(120)}`, n("runtime_minutes ..120")],
    [{ runtime_from: "120" }, `from ${duration(120)}`, n("runtime_minutes 120..")],
  ];
  /** @type {[Record<string, string>, string, number | undefined][]} */
  const books = [
    [{ pages_to: "200" }, "up to 200 pages", n("page_count ..200")],
    [{ pages_to: "400" }, "up to 400 pages", n("page_count ..400")],
    [{ pages_from: "400" }, "from 400 pages", n("page_count 400..")],
  ];
  return [...(kind === "book" ? [] : films), ...(kind === "movie" ? [] : books)];
}

/**
 * The counted entries, then the chosen ones that no work has any more.
 * @param {[string, number][]} counted
 * @param {string[]} chosen
 * @returns {[string, number][]}
 */
function chosenToo(counted, chosen) {
  const known = new Set(counted.map(([value]) => value));
  return [...counted, ...chosen.filter((value) => !known.has(value)).map((value) => /** @type {[string, number]} */ ([value, 0]))];
}

/** @type {Set<string>} */
const opened = new Set();

/**
 * Count the works, and show the chips. If the counting fails, the place of the chips says so; the answer stays.
 * @param {URLSearchParams} params
 * @param {URLSearchParams} read
 * @param {URLSearchParams} enforced the filters that every work of the answer passes
 * @param {AbortSignal} signal
 */
export async function loadFilters(params, read, enforced, signal) {
  const place = /** @type {HTMLElement} */ (byId("filters-body"));
  try {
    const { facets, total } = await countFacets(enforced);
    await loadValues().catch(() => {}); // for the names of values; without them the ids stand there
    if (signal.aborted) return;
    showFilters(place, params, read, facets);
    byId("filters-show").textContent = `Show ${works(total)}`;
  } catch {
    if (signal.aborted) return;
    place.replaceChildren(troubleLine("The works could not be counted.", () => loadFilters(params, read, enforced, signal)));
    byId("filters-show").textContent = "Show the works";
  }
  const chosen = filtersOf(params).size;
  byId("filters-toggle").textContent = chosen ? `Filters (${chosen})` : "Filters";
}

/**
 * Show the chips; the chip with the keyboard's focus keeps it.
 * @param {HTMLElement} place
 * @param {URLSearchParams} params
 * @param {URLSearchParams} read
 * @param {Record<string, FacetCount[]>} facets
 */
function showFilters(place, params, read, facets) {
  const redraw = () => showFilters(place, params, read, facets);
  const clear = filtersOf(params).size > 0
    && h("button", { class: "quiet", type: "button", "data-key": "clear",
      onclick: () => go(without(params, [...filtersOf(params).keys(), "shown"])) }, "Clear filters");
  keepFocus(place, () => place.replaceChildren(...shown([...filterGroups(params, read, facets).map((group) => section(group, redraw)), clear])));
}

/** @param {FilterGroup} group @param {() => void} redraw */
function section({ title, options }, redraw) {
  const isOpen = opened.has(title);
  const inSight = options.filter((option, index) => isOpen || index < FIRST || option.pressed);
  const hidden = options.length - inSight.length;
  const toggle = () => {
    if (isOpen) opened.delete(title);
    else opened.add(title);
    redraw();
  };
  return h("section", { role: "group", "aria-label": title },
    h("h2", {}, title),
    h("div", { class: "chips" },
      inSight.map((option) => h("button", {
        class: "chip", type: "button", "aria-pressed": String(option.pressed), "data-key": `${title}/${option.label}`,
        onclick: () => go(option.next),
      }, option.label, option.count !== undefined && h("span", { class: "count" }, count(option.count), h("span", { class: "unseen" }, " works")))),
      (hidden > 0 || isOpen) && h("button", { class: "quiet", type: "button", "data-key": `${title}/more`, onclick: toggle },
        isOpen ? "fewer" : `${hidden} more`)));
}

/** On a narrow screen the filters are a sheet over the answer, which ends in a button that shows the answer. */
export function installSheet() {
  const sheet = /** @type {HTMLDialogElement} */ (byId("sheet"));
  const filters = /** @type {HTMLElement} */ (byId("filters"));
  const home = /** @type {HTMLElement} */ (filters.parentElement);
  byId("filters-toggle").addEventListener("click", () => {
    sheet.prepend(filters);
    sheet.showModal();
  });
  sheet.addEventListener("close", () => {
    home.append(filters);
    byId("filters-toggle").focus({ preventScroll: true });
  });
  byId("filters-show").addEventListener("click", () => sheet.close());
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet) sheet.close(); // beside the sheet
  });
  matchMedia("(min-width: 56rem)").addEventListener("change", () => sheet.close());
  addEventListener("popstate", () => address().has("q") || sheet.close());
}
