// What Evoke understood, and the filters in force, as chips that can be removed; and what it could not do.

import { FACTS } from "../facts.js";
import { filtersOf, filtersToParams, toggled, weighed, weightsOf, without } from "../state/address.js";
import { nameOf } from "../state/catalogue.js";
import { go } from "../routing.js";
import { byId, h, shown } from "../dom.js";
import { chooseWork } from "./choosing.js";
import { audienceName, capital, countryName, duration, kindPlural, languageName, range, standingName, workName, years } from "../words.js";

/** What each parameter sets, as {fact, part}. @type {Map<string, { fact: string, part: string }>} */
const SETS = new Map(Object.entries(FACTS).flatMap(([fact, { links }]) =>
  Object.entries(links).map(([part, parameter]) => /** @type {[string, { fact: string, part: string }]} */ ([parameter, { fact, part }]))));
const factOf = (/** @type {string} */ parameter) => SETS.get(parameter)?.fact;

/** The parameter by which works must have a value. */
const REQUIRED = FACTS.values?.links.scores ?? "value";

// The wording of some facts and parameters; the functions below have that of the others.
/** @type {Record<string, (value: string) => string>} */
const NAMES = { kind: kindPlural, language: languageName, countries: countryName };
/** @type {Record<string, (value: string) => string>} */
const CHOICES = {
  not_genre: (genre) => `no ${genre}`, creator: (name) => `with ${name}`, not_creator: (name) => `without ${name}`,
  country: (name) => `from ${name}`, not_country: (name) => `not from ${name}`,
};
/** @type {Record<string, (from: string | null, to: string | null) => string>} */
const RANGES = { year: years, runtime_minutes: (from, to) => range(from, to, duration, true) };

/** @param {string} parameter @param {string} value */
function choiceLabel(parameter, value) {
  const { fact = "", part } = SETS.get(parameter) ?? {};
  const name = NAMES[fact]?.(value) ?? value;
  return CHOICES[parameter]?.(name) ?? (part === "none" ? `not ${name}` : name);
}

/** @param {string} fact @param {string | null} from @param {string | null} to */
function rangeLabel(fact, from, to) {
  const unit = FACTS[fact]?.unit;
  return RANGES[fact]?.(from, to) ?? range(from, to, (number) => (unit ? `${number} ${unit}` : String(number)), true);
}

/**
 * Each filter in `params` as a chip: `next` is `params` without it.
 * @param {URLSearchParams} params
 * @returns {Chip[]}
 */
export function filterChips(params) {
  const choices = [...params].filter(([name]) => ["is", "any", "all", "none"].includes(SETS.get(name)?.part ?? ""))
    .map(([name, value]) => ({
      label: choiceLabel(name, value), fact: factOf(name), unwanted: SETS.get(name)?.part === "none", next: toggled(params, name, value),
    }));
  const ranges = Object.entries(FACTS).flatMap(([fact, { links: { gte, lte } }]) =>
    gte && lte && (params.has(gte) || params.has(lte))
      ? [{ label: rangeLabel(fact, params.get(gte), params.get(lte)), fact, next: without(params, [gte, lte, "shown"]) }] : []);
  const values = params.getAll(REQUIRED).map((value) => ({
    label: nameOf(value.split(":")[0] ?? ""), fact: "values", value: value.split(":")[0], next: toggled(params, REQUIRED, value),
  }));
  return [...choices, ...ranges, ...values];
}

/**
 * The question without a part that was read from its words.
 * @param {URLSearchParams} params
 * @param {string} part
 * @param {[string, string][]} [kept]
 */
const leaveOut = (params, part, kept = []) => new URLSearchParams([...without(params, ["shown"]), ["without", part], ...kept]);

/** The question without a value that works must have. @param {URLSearchParams} params @param {string} id */
const notRequired = (params, id) =>
  new URLSearchParams([...params].filter(([name, value]) => name !== REQUIRED || value.split(":")[0] !== id));

/**
 * A chip for each part that was read from the words; `next` leaves out that part only.
 * @param {URLSearchParams} params
 * @param {Intent} intent
 * @returns {Chip[]}
 */
export function understoodChips(params, intent) {
  const own = filtersOf(params);
  const read = new URLSearchParams([...filtersToParams(intent.filters)].filter(([name, value]) => !own.has(name, value)));
  const facts = filterChips(read).map((chip) => {
    // A fact is left out as a whole. Its other parts, such as a second genre, stay as filters.
    const kept = /** @type {[string, string][]} */ ([...chip.next].filter(([name]) => factOf(name) === chip.fact));
    return { ...chip, next: leaveOut(params, `filters.${chip.fact}`, kept) };
  });
  const values = Object.entries(intent.values).map(([id, weight]) => ({
    label: weight < 0 ? `less ${nameOf(id)}` : nameOf(id),
    unwanted: weight < 0,
    wish: true,
    next: notRequired(weightsOf(params).has(id) ? weighed(params, [[id, 0]]) : leaveOut(params, `values.${id}`), id),
  }));
  const given = [...params.getAll("like"), ...params.getAll("unlike")]; // beside the box
  const named = (/** @type {"like" | "unlike" | "seen"} */ part, /** @type {(name: string) => string} */ label, unwanted = false) =>
    intent[part].filter(({ id }) => !given.includes(id)).map((work) => ({
      label: label(workName(work)), unwanted, work, part, next: leaveOut(params, `${part}.${work.id}`),
    }));
  const whole = (/** @type {"audience" | "standing"} */ part, /** @type {(value: string) => string} */ label) => {
    const value = intent[part];
    return value ? [{ label: label(value), next: leaveOut(params, part) }] : [];
  };
  return [
    ...named("like", (work) => `like ${work}`), ...named("unlike", (work) => `unlike ${work}`, true),
    ...named("seen", (work) => `not ${work}`, true),
    ...values, ...facts, ...whole("audience", audienceName), ...whole("standing", standingName),
  ];
}

/**
 * What a person should know about the reading: names that were corrected, what is refused or not met, words not read.
 * @param {Intent} intent
 */
export function readingNotes({ corrected, refused, unmet, ignored, values, tags }) {
  const quoted = (/** @type {string[]} */ words) => words.map((each) => `“${each}”`).join(", ");
  // Tags that stand beside a value only say the same in other words; alone, they are all that was read.
  const alone = (/** @type {boolean} */ isWanted) => {
    const has = (/** @type {number} */ weight) => (isWanted ? weight > 0 : weight < 0);
    return Object.values(values).some(has) ? [] : Object.entries(tags).filter(([, weight]) => has(weight)).map(([id]) => nameOf(id).replace(/^T-/, ""));
  };
  return [
    ...unmet.filter(({ part }) => part === "text").map(() => "Nothing here matches your words clearly. The nearest works come first."),
    ...corrected.map(({ said, taken_for }) => `“${said}” was taken for “${taken_for}”`),
    ...(alone(true).length > 0 ? [`Wanted: what people tag ${quoted(alone(true))}`] : []),
    ...(alone(false).length > 0 ? [`Not wanted: what people tag ${quoted(alone(false))}`] : []),
    ...(refused.length > 0 ? [`Last come works that mention ${quoted(refused)}`] : []),
    ...unmet.filter(({ part }) => part !== "text").map(({ note }) => capital(note)),
    ...(ignored.length > 0 ? [`Not understood: ${quoted(ignored)}`] : []),
  ];
}

/**
 * Show the chips.
 * @param {URLSearchParams} params
 * @param {Intent} intent
 */
export function showUnderstood(params, intent) {
  const place = /** @type {HTMLElement} */ (byId("understood"));
  // "More like this" has no words to understand: its intent only repeats the work.
  const understood = params.has("q") ? understoodChips(params, intent) : [];
  // A value that is wanted is said once; its chip among those that were understood takes the filter away, too.
  const isSaid = ({ value = "" }) => params.has("q") && (intent.values[value] ?? 0) > 0;
  const chosen = filterChips(filtersOf(params)).filter((chip) => !isSaid(chip)).map((chip) => ({
    ...chip, next: new URLSearchParams([...without(params, [...filtersOf(params).keys(), "shown"]), ...chip.next]),
  }));
  const notes = params.has("q") ? readingNotes(intent) : [];
  const restore = params.has("without") && h("button", {
    class: "quiet", type: "button", onclick: () => go(without(params, ["without", "shown"])),
  }, "Put back what you left out");
  const focused = visibleButtons(place).indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  place.replaceChildren(...shown([
    chipGroup("Understood", understood, params, restore),
    chipGroup("Filtered", chosen, params),
    notes.length > 0 && h("ul", { class: "notes", "aria-label": "Notes on your request" }, notes.map((note) => h("li", {}, note))),
  ]));
  // After a chip was removed by keyboard, the next one gets the focus, not the top of the page.
  const buttons = visibleButtons(place);
  if (focused >= 0) (buttons[Math.min(focused, buttons.length - 1)] ?? byId("results")).focus();
}

/** @param {HTMLElement} place */
const visibleButtons = (place) => [...place.querySelectorAll("button")].filter((button) => button.checkVisibility());

/**
 * @param {string} title
 * @param {Chip[]} chips
 * @param {URLSearchParams} params
 * @param {HTMLElement | false} after
 */
function chipGroup(title, chips, params, after = false) {
  if (chips.length === 0 && !after) return false;
  return h("div", { class: "reading" },
    chips.length > 0 && h("h2", {}, title),
    chips.length > 0 && h("ul", { class: "chips" }, chips.map((chip) => h("li", { class: chip.wish && "wish" }, removable(chip, params)))),
    after);
}

/** @param {Chip} chip @param {URLSearchParams} params */
function removable({ label, unwanted, next, work, part }, params) {
  // Another work of the same title: the words name one, and the person may mean the other.
  const change = work && part && h("button", { type: "button", class: "change", onclick: async () => {
    const chosen = await chooseWork(`Which ${work.title}?`, work.title);
    if (chosen) go(new URLSearchParams([...leaveOut(params, `${part}.${work.id}`), [part === "unlike" ? "unlike" : "like", chosen.id]]));
  } }, label, h("span", { class: "unseen" }, ", choose another"));
  return h("span", { class: `chip taken${unwanted ? " unwanted" : ""}` },
    part === "like" || part === "unlike" ? change : label,
    h("button", { type: "button", class: "remove", "aria-label": `Leave out "${label}"`, onclick: () => go(next) }, "×"));
}
