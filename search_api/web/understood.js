// What Evoke understood, and the filters in force, as chips that can be removed.

import { FACTS } from "./facts.js";
import { filtersOf, filtersToParams, toggled, weighed, weightsOf, without } from "./address.js";
import { byId, h } from "./dom.js";
import { audienceName, countryName, duration, kindPlural, languageName, range, standingName, workName, years } from "./words.js";

/** What each parameter sets, as {fact, part}. */
const SETS = new Map(Object.entries(FACTS).flatMap(([fact, { links }]) =>
  Object.entries(links).map(([part, link]) => [link, { fact, part }])));
const factOf = (link) => SETS.get(link)?.fact;

// The wording of some facts and parameters; the functions below have that of the others.
const NAMES = { kind: kindPlural, language: languageName, countries: countryName };
const CHOICES = {
  not_genre: (genre) => `no ${genre}`, creator: (name) => `with ${name}`, not_creator: (name) => `without ${name}`,
  country: (name) => `from ${name}`, not_country: (name) => `not from ${name}`,
};
const RANGES = { year: years, runtime_minutes: (from, to) => range(from, to, duration, true) };

function choiceLabel(link, value) {
  const { fact, part } = SETS.get(link);
  const name = NAMES[fact]?.(value) ?? value;
  return CHOICES[link]?.(name) ?? (part === "none" ? `not ${name}` : name);
}

function rangeLabel(fact, from, to) {
  const { unit } = FACTS[fact];
  return RANGES[fact]?.(from, to) ?? range(from, to, (number) => (unit ? `${number} ${unit}` : String(number)), true);
}

/** Each filter in `params` as {label, fact, unwanted, next}: `next` is `params` without it. */
export function filterChips(params, nameOf) {
  const choices = [...params].filter(([link]) => ["is", "any", "all", "none"].includes(SETS.get(link)?.part))
    .map(([link, value]) => ({
      label: choiceLabel(link, value), fact: factOf(link), unwanted: SETS.get(link).part === "none", next: toggled(params, link, value),
    }));
  const ranges = Object.entries(FACTS).filter(([, { links }]) => params.has(links.gte) || params.has(links.lte))
    .map(([fact, { links: { gte, lte } }]) => ({
      label: rangeLabel(fact, params.get(gte), params.get(lte)), fact, next: without(params, [gte, lte, "shown"]),
    }));
  const { scores } = FACTS.values.links;
  const values = params.getAll(scores).map((value) => ({
    label: nameOf(value.split(":")[0]), next: toggled(params, scores, value),
  }));
  return [...choices, ...ranges, ...values];
}

/** A chip for each part that was read from the words; `next` leaves out that part only. */
export function understoodChips(params, intent, nameOf) {
  const own = filtersOf(params);
  const read = new URLSearchParams([...filtersToParams(intent.filters)].filter(([name, value]) => !own.has(name, value)));
  const leaveOut = (part, kept = []) => new URLSearchParams([...without(params, ["shown"]), ["without", part], ...kept]);
  const facts = filterChips(read, nameOf).map((chip) => {
    // A fact is left out as a whole. Its other parts, such as a second genre, stay as filters.
    const kept = [...chip.next].filter(([link]) => factOf(link) === chip.fact);
    return { ...chip, next: leaveOut(`filters.${chip.fact}`, kept) };
  });
  const values = Object.entries(intent.values).map(([id, weight]) => ({
    label: weight < 0 ? `less ${nameOf(id)}` : nameOf(id),
    unwanted: weight < 0,
    wish: true,
    next: weightsOf(params).has(id) ? weighed(params, [[id, 0]]) : leaveOut(`values.${id}`),
  }));
  const named = (part, label, unwanted) => intent[part].map((work) => ({
    label: label(workName(work)), unwanted, next: leaveOut(`${part}.${work.id}`),
  }));
  const whole = (part, label) => intent[part] ? [{ label: label(intent[part]), next: leaveOut(part) }] : [];
  return [
    ...named("like", (work) => `like ${work}`), ...named("unlike", (work) => `unlike ${work}`, true),
    ...named("seen", (work) => `not ${work}`, true),
    ...values, ...facts, ...whole("audience", audienceName), ...whole("standing", standingName),
  ];
}

/** What a person should know about the reading: names that were corrected, what is refused or not met, words not read. */
export function readingNotes({ corrected, refused, unmet, ignored }) {
  const quoted = (words) => words.map((each) => `“${each}”`).join(", ");
  return [
    ...corrected.map(({ said, taken_for }) => `“${said}” was taken for “${taken_for}”`),
    ...(refused.length > 0 ? [`Last come works that mention ${quoted(refused)}`] : []),
    ...unmet.map(({ note }) => note[0].toUpperCase() + note.slice(1)),
    ...(ignored.length > 0 ? [`Not understood: ${quoted(ignored)}`] : []),
  ];
}

/** Show the chips in `place`. */
export function showUnderstood(place, params, intent, nameOf, go) {
  // "More like this" has no words to understand: its intent only repeats the work.
  const understood = params.has("q") ? understoodChips(params, intent, nameOf) : [];
  const chosen = filterChips(filtersOf(params), nameOf).map((chip) => ({
    ...chip, next: new URLSearchParams([...without(params, [...filtersOf(params).keys(), "shown"]), ...chip.next]),
  }));
  const notes = params.has("q") ? readingNotes(intent) : [];
  const like = params.has("like") && intent.like[0]?.title;
  const restore = params.has("without") && h("button", {
    class: "quiet", type: "button", onclick: () => go(without(params, ["without", "shown"])),
  }, "Put back what you left out");
  const focused = visibleButtons(place).indexOf(document.activeElement);
  place.replaceChildren(...[
    like ? h("h1", {}, "More like ", like) : h("h1", { class: "unseen" }, `Works for “${params.get("q")}”`),
    chipGroup("Understood", understood, go, restore),
    chipGroup("Filtered", chosen, go),
    notes.length > 0 && h("ul", { class: "notes" }, notes.map((note) => h("li", {}, note))),
  ].filter(Boolean));
  // After a chip was removed by keyboard, the next one gets the focus, not the top of the page.
  const buttons = visibleButtons(place);
  if (focused >= 0) (buttons[Math.min(focused, buttons.length - 1)] ?? byId("results")).focus();
}

const visibleButtons = (place) => [...place.querySelectorAll("button")].filter((button) => button.checkVisibility());

function chipGroup(title, chips, go, after = false) {
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
