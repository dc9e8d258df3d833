// For you: values and loved works as a profile, which stays in the browser, and what is recommended for it.

import { ask, isAborted, toTrouble } from "../api.js";
import { PAGE_SIZE, filtersOf, filtersToBody, shownCount, withOnly } from "../state/address.js";
import { card } from "./card.js";
import { knownValues, learnNames, loadQuestionnaire, loadValues, nameOf } from "../state/catalogue.js";
import { chooseWork, workChip } from "./choosing.js";
import { announce, byId, h, keepFocus, shown } from "../dom.js";
import { legend } from "./bars.js";
import { listed, memoryTrouble, profile, setLoved, setProfileValue } from "../state/memory.js";
import { address, go, setAddress, showAgain } from "../routing.js";
import { troubleLine, troubleNotice } from "./trouble.js";
import { choices, wish } from "./wishes.js";
import { count, saidByMost, workName, works } from "../words.js";

const N_VALUES = 10;
const N_WORKS = 12;
const LESS = -0.8;

const wide = matchMedia("(min-width: 56rem)"); // where the profile is beside the recommendations, and never folded

let latest = new AbortController(); // of the last recommendation: a change of the profile asks for another
let isOpen = false; // on a narrow screen: unfolded by the person, or by having been empty

/** @param {URLSearchParams} params @param {AbortSignal} signal */
export async function showProfile(params, signal) {
  document.title = "For you · Evoke";
  const place = /** @type {HTMLElement} */ (byId("profile-choices"));
  byId("profile-trouble").textContent = memoryTrouble();
  isOpen = isEmpty();
  fold();
  recommend(params, signal);
  try {
    const [questions] = await Promise.all([loadQuestionnaire(), loadValues().catch(() => null)]);
    if (signal.aborted) return;
    fold(); // with the names of the values
    showChoices(place, questions, signal);
  } catch (error) {
    if (isAborted(error) || signal.aborted) return;
    place.replaceChildren(troubleLine("The values to choose from could not be read.", showAgain));
  }
}

/** Whether there is nothing yet to recommend by. */
const isEmpty = () => profile().loved.length === 0 && Object.keys(profile().values).length === 0;

/** Fold the profile into one line, or show it. It is above the recommendations on a narrow screen, and beside them on a wide one. */
function fold() {
  byId("profile").open = wide.matches || isOpen;
  byId("profile").toggleAttribute("data-empty", isEmpty());
  const { values, loved } = profile();
  const wishes = Object.entries(values).map(([id, weight]) => `${weight < 0 ? "less " : ""}${nameOf(id)}`);
  byId("profile-summary").textContent = [...wishes, ...loved.map(({ title }) => title)].join(", ");
}

/** Let the profile be folded, as long as the page lives. */
export function installProfile() {
  byId("profile").addEventListener("toggle", () => { isOpen = byId("profile").open && !wide.matches; });
  wide.addEventListener("change", fold);
}

/** @param {HTMLElement} place @param {Questionnaire} questions @param {AbortSignal} signal */
function showChoices(place, questions, signal) {
  const { values, loved } = profile();
  const params = address();
  const changed = () => {
    fold();
    showChoices(place, questions, signal);
    recommend(address(), signal);
  };
  // What the person wants stays in sight, whatever the catalogue's own questions are.
  const others = questions.values.filter(({ id }) => !(id in values));
  const asked = [...Object.keys(values).flatMap((id) => knownValues().get(id) ?? []), ...others.slice(0, N_VALUES)];
  const lovedIds = new Set(loved.map(({ id }) => id));
  const love = (/** @type {WorkReference} */ work, /** @type {boolean} */ on) => {
    setLoved([work], on);
    announce(`${work.title}: ${on ? "loved" : "no longer loved"}`);
    changed();
  };
  const kind = params.get("kind") ?? "";
  keepFocus(place, () => place.replaceChildren(...shown([
    h("h2", { class: "part" }, "What you look for"),
    h("p", { class: "facts" }, "Press once for more, twice for less."),
    h("div", { class: "wishes" }, asked.map((value) => wish(value, values[value.id] ?? 0, (id, weight) => {
      setProfileValue(id, weight > 0 ? 1 : weight < 0 ? LESS : 0);
      changed();
    }))),
    h("h2", { class: "part" }, "What you love"),
    loved.length > 0 && h("ul", { class: "chips" }, loved.map((work) => workChip(work, workName(work), () => love(work, false)))),
    h("div", { class: "chips known" },
      questions.works.filter(({ id }) => !lovedIds.has(id)).slice(0, N_WORKS).map((work) =>
        h("button", { class: "chip", type: "button", "data-key": `love ${work.id}`, onclick: () => love(work, true) }, `+ ${workName(work)}`)),
      h("button", { class: "chip add", type: "button", "data-key": "love", onclick: async () => {
        const work = await chooseWork("Which work do you love?");
        if (work) love(work, true);
      } }, "+ another work")),
    choices("Film or book", [["", "either"], ["movie", "film"], ["book", "book"]].map(([value = "", label = ""]) => ({
      label, pressed: kind === value, choose: () => go(withOnly(params, value ? { kind: value } : {}, ["kind"])),
    }))),
    !isEmpty() && h("p", { class: "go", id: "show-recommended" }, h("button", { type: "button", class: "press", onclick: () => {
      isOpen = false;
      fold();
      scrollTo(0, 0);
      byId("profile").querySelector("summary").focus({ preventScroll: true });
    } }, "Show what is recommended")),
  ])));
}

/**
 * What the service is asked for: the profile, less what the person has seen, refused or saved.
 * @param {URLSearchParams} params
 * @param {number} offset
 * @param {number} limit
 * @returns {ServiceRequest}
 */
export function toRecommendation(params, offset, limit) {
  const { values, loved } = profile();
  const ids = (/** @type {WorkReference[]} */ list) => list.map(({ id }) => id).slice(0, 1000);
  return { path: "recommend", body: {
    likes: ids(loved), dislikes: ids(listed("refused")), values, filters: filtersToBody(filtersOf(params)),
    without: ids([...listed("seen"), ...listed("saved")]), limit, offset,
  } };
}

/** @param {URLSearchParams} params @param {AbortSignal} signal */
async function recommend(params, signal) {
  latest.abort();
  latest = new AbortController();
  const both = AbortSignal.any([signal, latest.signal]);
  const place = /** @type {HTMLElement} */ (byId("recommended"));
  if (isEmpty()) {
    place.replaceChildren(h("p", { class: "empty" }, "Choose one value or one work, and this page recommends others. Your choice stays in this browser."));
    return;
  }
  place.setAttribute("aria-busy", "true");
  try {
    const answer = /** @type {Answer} */ (await ask(toRecommendation(params, 0, shownCount(params)), both));
    if (both.aborted) return;
    showRecommended(place, params, answer);
  } catch (error) {
    if (isAborted(error) || both.aborted) return;
    place.replaceChildren(troubleNotice(toTrouble(error), showAgain));
  }
  place.removeAttribute("aria-busy");
}

/** @param {HTMLElement} place @param {URLSearchParams} params @param {Answer} answer */
function showRecommended(place, params, answer) {
  learnNames(answer);
  fold(); // the names of the values may be known only now
  const { values } = profile();
  const { like } = answer.intent;
  const [only] = like.length === 1 ? like : [];
  const because = `Because you liked ${only?.title}`; // with one work that is liked, it is the reason for all: said once
  const summary = `${works(answer.total)}, best first${only ? `, because you like ${only.title}` : ""}`;
  const hits = answer.hits.map((hit) => ({ ...hit, reasons: hit.reasons.filter((reason) => reason !== because) }));
  const common = saidByMost(hits);
  const more = h("button", { class: "more", type: "button", onclick: async () => {
    more.disabled = true;
    try {
      const next = /** @type {Answer} */ (await ask(toRecommendation(params, answer.hits.length, PAGE_SIZE)));
      const whole = { ...answer, hits: [...answer.hits, ...next.hits] };
      const longer = withOnly(address(), { shown: String(whole.hits.length) });
      setAddress(longer);
      showRecommended(place, longer, whole);
      announce(`${next.hits.length} more works`);
    } catch (error) {
      more.replaceWith(troubleNotice(toTrouble(error), showAgain));
    }
  } }, "Show more", h("span", { class: "count" }, `${count(answer.hits.length)} of ${count(answer.total)}`));
  place.replaceChildren(...shown([
    h("p", { class: "summary" }, summary),
    h("ol", { class: "cards" }, hits.map((hit) => card(hit, values, { shared: hit.values.map(({ id }) => id), common, liked: like }))),
    legend([]),
    answer.hits.length < answer.total && more,
  ]));
  announce(summary);
}
