// The answer to a request. It depends on the search alone: counts, the taxonomy and the levels of liked works come after
// it, and fail in their own places.

import { ask, isAborted, toTrouble } from "../api.js";
import { adjusting } from "./adjust.js";
import { PAGE_SIZE, filtersToParams, shownCount, sortOf, toRequest, withOnly, without } from "../state/address.js";
import { legend, markLevels } from "./bars.js";
import { card, skeleton } from "./card.js";
import { facetOf, knownValues, learnNames, loadValues, loadWork, nameOf } from "../state/catalogue.js";
import { announce, byId, h, shown } from "../dom.js";
import { exampleLinks } from "./examples.js";
import { loadFilters } from "./filters.js";
import { showLiked } from "./liked.js";
import { hiddenIds } from "../state/memory.js";
import { address, go, setAddress, showAgain } from "../routing.js";
import { troubleNotice } from "./trouble.js";
import { showUnderstood } from "./understood.js";
import { waysOn } from "./ways_on.js";
import { count, saidByMost, works } from "../words.js";

const MOST_KEPT = 30;
const MOST_LIKED = 10;
/** @type {Map<string, Answer>} */
const answers = new Map(); // by address, so that "back" is instant and keeps its place
/** @type {ReturnType<typeof adjusting>} */
let sliders;

export function installAnswer() {
  sliders = adjusting(byId("adjust"));
  byId("sort").addEventListener("change", () => {
    const sort = byId("sort").value;
    go(sort === "best" ? without(address(), ["sort", "shown"]) : withOnly(address(), { sort }));
  });
  byId("hide-seen").addEventListener("click", () => {
    const params = address();
    go(params.has("hide") ? without(params, ["hide", "shown"]) : withOnly(params, { hide: "seen" }));
  });
}

/** Forget the kept answer to a question, since it is asked again on purpose. @param {URLSearchParams} params */
export const forgetAnswer = (params) => answers.delete(keyOf(params));

/** Stop what waits for a pause in the person's moves: the address counts. */
export const settleAnswer = () => sliders.cancel();

/** The works that the answer leaves out. @param {URLSearchParams} params */
const hidden = (params) => (params.has("hide") ? hiddenIds() : []);

/** @param {URLSearchParams} params */
const keyOf = (params) => [params, ...hidden(params)].join();

/** @param {URLSearchParams} params @param {AbortSignal} signal */
export async function showAnswerView(params, signal) {
  document.title = `${params.get("q") ?? "More like this"} · Evoke`;
  showTitle(params, []);
  const searched = /** @type {PromiseWithResolvers<void>} */ (Promise.withResolvers());
  showLiked(params, signal, searched.promise);
  const kept = answers.get(keyOf(params));
  if (!kept) showWaiting();
  try {
    const answer = kept ?? await ask(toRequest(params, 0, shownCount(params), hidden(params)), signal);
    if (signal.aborted) return;
    showAnswer(params, answer);
    showBeside(params, answer, signal);
  } catch (error) {
    if (!isAborted(error) && !signal.aborted) showTrouble(error, showAgain);
  } finally {
    searched.resolve();
  }
}

/**
 * What comes after the answer, each part for itself.
 * @param {URLSearchParams} params
 * @param {Answer} answer
 * @param {AbortSignal} signal
 */
function showBeside(params, answer, signal) {
  const { intent, hits } = answer;
  const read = filtersToParams(intent.filters);
  loadFilters(params, read, filtersToParams(enforcedFilters(intent)), signal);
  const ids = [...Object.keys(intent.values), ...Object.keys(intent.filters.values ?? {}), ...hits.flatMap(({ values }) => values.map(({ id }) => id))];
  const looks = () => ids.map((id) => `${nameOf(id)} ${facetOf(id)}`).join();
  const guessed = looks();
  const liked = intent.like.slice(0, MOST_LIKED);
  const levels = Promise.all(liked.map(({ id }) => loadWork(id, signal)));
  const mark = () => levels.then((found) => signal.aborted || markLevels(byId("results"), found), () => {});
  mark();
  loadValues().then((values) => {
    if (signal.aborted) return;
    if (looks() !== guessed) {
      showAnswer(params, answer, { isSaid: true });
      mark(); // on the new cards
    }
    sliders.show(params, intent, values);
  }, () => {}); // the answer does without: only its sliders need the taxonomy, and it is asked for again with the next one
}

/**
 * The filters that every work of the answer passes: a wish that the catalogue cannot meet leaves no work out.
 * @param {Intent} intent
 */
function enforcedFilters({ filters, unmet }) {
  const missed = unmet.map(({ part }) => part);
  return Object.fromEntries(Object.entries(filters).filter(([name]) => !missed.includes(`filters.${name}`)));
}

/** An answer that is shown stays until the next one is there; before the first, ghosts of cards stand in its place. */
function showWaiting() {
  const results = byId("results");
  results.setAttribute("aria-busy", "true");
  byId("after").replaceChildren();
  const isFirst = !results.querySelector("article");
  byId("waiting").replaceChildren(...(isFirst ? [skeleton(), skeleton(), skeleton()] : []));
  answerPlace().hidden = isFirst;
}

const answerPlace = () => /** @type {HTMLElement} */ (document.querySelector(".works"));

/** Show the answer's place instead of the ghosts, so that nothing that is seen moves. */
function endWaiting() {
  byId("results").removeAttribute("aria-busy");
  byId("waiting").replaceChildren();
  answerPlace().hidden = false;
}

/**
 * The heading: seen where the request has no words of its own.
 * @param {URLSearchParams} params
 * @param {WorkReference[]} liked
 */
function showTitle(params, liked) {
  const title = byId("answer-title");
  const names = liked.filter(({ id }) => params.getAll("like").includes(id)).map((work) => work.title);
  const like = names.length > 2 ? `${names.length} works you like` : names.join(" and ");
  title.textContent = params.has("q") ? `Works for “${params.get("q")}”` : `More like ${like || "this"}`;
  title.classList.toggle("unseen", params.has("q"));
  if (!params.has("q") && like) document.title = `More like ${like} · Evoke`;
}

/** @param {URLSearchParams} params @param {Answer} answer @param {{ isSaid?: boolean }} [options] whether it was said already */
function showAnswer(params, answer, { isSaid = false } = {}) {
  answers.set(keyOf(params), answer);
  if (answers.size > MOST_KEPT) answers.delete(answers.keys().next().value ?? "");
  learnNames(answer);
  showTitle(params, answer.intent.like);
  showUnderstood(params, answer.intent);
  sliders.show(params, answer.intent, knownValues());
  showOrder(params, answer.intent, answer.total === 0);
  const weights = weightsFor(answer.intent, params);
  endWaiting();
  byId("results").replaceChildren(...cardsFor(params, answer, answer.hits, weights));
  byId("legend").replaceChildren(...(answer.hits.length > 0 ? [legend(answer.intent.like)] : []));
  const summary = summaryOf(params, answer);
  byId("summary").textContent = answer.total > 0 ? summary : "";
  if (!isSaid) announce([sliders.takeSaid(), answer.total > 0 ? summary : "No work fits"].filter(Boolean).join(": "));
  showAfter(params, answer, weights);
}

/**
 * The cards of some of the works of an answer.
 * @param {URLSearchParams} params
 * @param {Answer} answer
 * @param {Hit[]} hits
 * @param {Record<string, number>} weights
 */
function cardsFor(params, answer, hits, weights) {
  const { like } = answer.intent;
  const common = params.has("q") ? new Set() : saidByMost(answer.hits);
  return hits.map((hit) => {
    const comparison = hit.reasons.filter((reason) => /^shares /i.test(reason)).join(" ");
    const shared = hit.values.filter(({ name }) => comparison.includes(name)).map(({ id }) => id);
    return card(hit, weights, { shared, common, liked: like });
  });
}

/**
 * How much the words ask for values and tags; those of "More like this" only repeat the work.
 * @param {Intent} intent
 * @param {URLSearchParams} params
 * @returns {Record<string, number>}
 */
const weightsFor = (intent, params) => (params.has("q") ? { ...intent.values, ...intent.tags } : {});

/** @type {Record<string, string>} */
const ORDERS = { best: "best first", newest: "newest first", oldest: "oldest first", shortest: "shortest first" };

/** The order in words. @param {string} sort */
const orderName = (sort) => ORDERS[sort] ?? `most ${nameOf(sort.split(":")[1] ?? "")} first`;

/** @param {URLSearchParams} params @param {Answer} answer */
function summaryOf(params, answer) {
  const took = `${answer.took_ms < 10 ? answer.took_ms.toFixed(1) : Math.round(answer.took_ms)} ms`;
  const leftOut = params.has("hide") ? "; what you have seen or do not want is left out" : "";
  return `${works(answer.total)}, ${orderName(sortOf(params))}, in ${took}${leftOut}`;
}

/**
 * The controls of the order, and of what is left out.
 * @param {URLSearchParams} params
 * @param {Intent} intent
 * @param {boolean} isEmpty whether there is nothing to order
 */
function showOrder(params, intent, isEmpty) {
  const sort = byId("sort");
  const asked = Object.entries(intent.values).filter(([, weight]) => weight > 0).map(([id]) => `value:${id}`);
  const chosen = sortOf(params);
  const options = [...new Set([...Object.keys(ORDERS), ...asked, chosen])];
  sort.replaceChildren(...options.map((value) => h("option", { value, selected: value === chosen },
    value.startsWith("value:") ? `Most ${nameOf(value.slice(6))}` : `${value.slice(0, 1).toUpperCase()}${value.slice(1)}`)));
  byId("order").hidden = isEmpty;
  const button = byId("hide-seen");
  button.hidden = hiddenIds().length === 0;
  button.setAttribute("aria-pressed", String(params.has("hide")));
}

/** @param {URLSearchParams} params @param {Answer} answer @param {Record<string, number>} weights */
function showAfter(params, answer, weights) {
  const place = byId("after");
  if (answer.total === 0 || answer.hits.length === 0) {
    place.replaceChildren(waysOn(params, answer.intent), beginWith());
  } else if (answer.hits.length < answer.total) {
    const more = h("button", { class: "more", type: "button", onclick: () => showMore(params, answer, weights, more) },
      "Show more", h("span", { class: "count" }, `${count(answer.hits.length)} of ${count(answer.total)}`));
    place.replaceChildren(more);
  } else place.replaceChildren();
}

/**
 * @param {URLSearchParams} params
 * @param {Answer} answer
 * @param {Record<string, number>} weights
 * @param {HTMLButtonElement} button
 */
async function showMore(params, answer, weights, button) {
  button.disabled = true;
  const before = address().toString();
  try {
    const next = await ask(toRequest(params, answer.hits.length, PAGE_SIZE, hidden(params)));
    if (address().toString() !== before) return; // the person went elsewhere meanwhile
    const whole = { ...answer, hits: [...answer.hits, ...next.hits], total: next.hits.length ? next.total : answer.hits.length };
    const longer = withOnly(params, { shown: String(whole.hits.length) });
    setAddress(longer);
    answers.set(keyOf(address()), whole);
    learnNames(next);
    const cards = cardsFor(params, whole, next.hits, weights);
    byId("results").append(...cards);
    /** @type {HTMLElement | null | undefined} */ (cards[0]?.querySelector("h2"))?.focus({ preventScroll: true });
    announce(`${next.hits.length} more works`);
    showAfter(longer, whole, weights);
    Promise.all(whole.intent.like.slice(0, MOST_LIKED).map(({ id }) => loadWork(id))).then((liked) => markLevels(byId("results"), liked), () => {});
  } catch (error) {
    byId("after").replaceChildren(troubleNotice(toTrouble(error), () => showMore(params, answer, weights, button), beginWith()));
  }
}

/** @param {unknown} error @param {() => void} retry */
function showTrouble(error, retry) {
  const trouble = toTrouble(error);
  endWaiting();
  for (const place of ["results", "understood", "filters-body", "legend"]) byId(place).replaceChildren();
  byId("summary").textContent = "";
  byId("order").hidden = true;
  byId("after").replaceChildren(troubleNotice(trouble, retry, beginWith()));
  document.dispatchEvent(new CustomEvent("evoke:trouble", { detail: trouble }));
}

const beginWith = () => h("div", {}, shown([h("p", { class: "aside" }, "Or begin with one of these"),
  h("ul", { class: "examples" }, exampleLinks().slice(0, 3))]));
