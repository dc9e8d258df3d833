// The page: reads its address, asks the service, and shows the answer.

import { adjusting } from "./adjust.js";
import { ask, hasKey, rememberKey } from "./api.js";
import { PAGE_SIZE, filtersOf, filtersToParams, isQuestion, readAddress, shownCount, toRequest, withOnly, without } from "./address.js";
import { card, skeleton } from "./card.js";
import { byId, h } from "./dom.js";
import { facetQuestions, showFilters } from "./filters.js";
import { exampleLinks, taxonomyIndex } from "./home.js";
import { combobox } from "./suggest.js";
import { showUnderstood } from "./understood.js";
import { count } from "./words.js";

const input = byId("q");
const results = byId("results");
const answers = new Map(); // answers by address, so that "back" is instant and keeps its place
const MOST_KEPT = 30;

let values = new Map(); // the taxonomy, by id
let running = new AbortController();
let counted = { of: null, facets: {} }; // the counts, and their filters; weights do not change counts

const nameOf = (id) => values.get(id)?.name ?? id;
const facetOf = (id) => values.get(id)?.facet ?? "theme";

/** Show another address, and add it to the history. */
function go(params, { replace = false } = {}) {
  const address = params.size > 0 ? `?${params}` : location.pathname;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  return show();
}

/** Show the answer to the address. */
async function show() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const params = readAddress(location.search);
  suggestions.close();
  sliders.cancel();
  input.value = params.get("q") ?? "";
  if (!isQuestion(params)) return showHome();
  setView("answer");
  byId("adjust").hidden = !params.has("q");
  document.title = `${params.get("q") ?? "More like this"} · Evoke`;
  try {
    const kept = answers.get(params.toString());
    if (!kept) showWaiting();
    await loadTaxonomy();
    const answer = kept ?? await fetchAnswer(params, 0, shownCount(params), signal);
    if (signal.aborted) return undefined;
    showAnswer(params, answer);
    await loadFilters(params, answer.intent, signal);
  } catch (error) {
    if (error.name !== "AbortError" && !signal.aborted) showTrouble(error);
  }
  return undefined;
}

async function fetchAnswer(params, offset, limit, signal) {
  return ask(...toRequest(params, offset, limit), signal);
}

function keep(params, answer) {
  answers.set(params.toString(), answer);
  if (answers.size > MOST_KEPT) answers.delete(answers.keys().next().value);
}

async function loadTaxonomy() {
  if (values.size > 0) return;
  values = new Map((await ask("values")).map((value) => [value.id, value]));
  byId("taxonomy").replaceChildren(...taxonomyIndex([...values.values()]));
  const { attributions } = await ask("attributions");
  byId("attributions").replaceChildren(...attributions.map((notice) => h("li", {}, notice)));
  byId("catalogue").hidden = attributions.length === 0;
}

/** The filters that every work of the answer passes: a wish that the catalogue cannot meet leaves no work out. */
function enforcedFilters({ filters, unmet }) {
  const missed = unmet.map(({ part }) => part);
  return Object.fromEntries(Object.entries(filters).filter(([name]) => !missed.includes(`filters.${name}`)));
}

async function loadFilters(params, intent, signal) {
  const read = filtersToParams(intent.filters);
  const enforced = filtersToParams(enforcedFilters(intent));
  if (counted.of !== enforced.toString()) {
    const questions = facetQuestions(enforced).map(([names, chosen]) =>
      ask("facets", new URLSearchParams([...chosen, ...names.map((name) => ["name", name])]), signal));
    const facets = Object.assign({}, ...(await Promise.all(questions)).map((answer) => answer.facets));
    if (signal.aborted) return;
    counted = { of: enforced.toString(), facets };
  }
  showFilters(byId("filters"), params, read, counted.facets, nameOf, go);
  const chosen = filtersOf(params).size;
  byId("filters-toggle").textContent = chosen ? `Filters (${chosen})` : "Filters";
}

function setView(view) {
  document.documentElement.dataset.view = view;
  byId("home").hidden = view !== "home";
  byId("answer").hidden = view !== "answer";
}

function showHome() {
  setView("home");
  document.title = "Evoke";
  loadTaxonomy().then(() => byId("home-trouble").replaceChildren(), (error) => {
    if (error.status === 401) askForKey();
    byId("home-trouble").replaceChildren(notice(error, show));
  });
}

function showWaiting() {
  results.setAttribute("aria-busy", "true");
  byId("after").replaceChildren();
  if (!results.querySelector("article")) {
    byId("summary").textContent = "Searching";
    results.replaceChildren(skeleton(), skeleton(), skeleton());
  }
}

function showAnswer(params, answer) {
  keep(params, answer);
  results.removeAttribute("aria-busy");
  const asked = askedValues(answer.intent, params);
  showUnderstood(byId("understood"), params, answer.intent, nameOf, go);
  sliders.show(params, answer.intent, values);
  results.replaceChildren(...answer.hits.map((hit) => card(hit, facetOf, asked)));
  const like = params.has("like") ? answer.intent.like[0]?.title : null;
  if (like) document.title = `More like ${like} · Evoke`;
  announce(summary(answer, like));
  showAfter(params, answer, asked);
}

const askedValues = (intent, params) => new Set(
  params.has("q") ? Object.entries(intent.values).filter(([, weight]) => weight > 0).map(([id]) => id) : []);

function summary(answer, like) {
  const works = `${count(answer.total)} ${answer.total === 1 ? "work" : "works"}`;
  const took = `${answer.took_ms < 10 ? answer.took_ms.toFixed(1) : Math.round(answer.took_ms)} ms`;
  return `${works}${like ? ` like ${like}` : ""}, best first, in ${took}`;
}

function announce(text) {
  byId("summary").textContent = text;
  byId("announce").textContent = text;
}

function showAfter(params, answer, asked) {
  const place = byId("after");
  if (answer.hits.length === 0) {
    byId("summary").textContent = ""; // the advice below says it
    byId("announce").textContent = "No work fits";
    place.replaceChildren(advice(params));
  } else if (answer.hits.length < answer.total) {
    const more = h("button", { class: "more", type: "button", onclick: () => showMore(params, answer, asked, more) },
      "Show more", h("span", { class: "count" }, `${count(answer.hits.length)} of ${count(answer.total)}`));
    place.replaceChildren(more);
  } else place.replaceChildren();
}

async function showMore(params, answer, asked, button) {
  button.disabled = true;
  try {
    const next = await fetchAnswer(params, answer.hits.length, PAGE_SIZE, running.signal);
    const whole = { ...answer, hits: [...answer.hits, ...next.hits], total: next.hits.length ? next.total : answer.hits.length };
    const shown = withOnly(params, { shown: String(whole.hits.length) });
    history.replaceState(null, "", `?${shown}`);
    keep(readAddress(location.search), whole);
    const cards = next.hits.map((hit) => card(hit, facetOf, asked));
    results.append(...cards);
    cards[0]?.querySelector("h2").focus({ preventScroll: true });
    byId("announce").textContent = `${next.hits.length} more works`;
    showAfter(shown, whole, asked);
  } catch (error) {
    if (error.name !== "AbortError") showTrouble(error, () => showMore(params, answer, asked, button));
  }
}

function advice(params) {
  const filtered = filtersOf(params).size > 0;
  return h("div", { class: "notice" },
    h("h2", {}, "Nothing fits all of that"),
    h("p", {}, filtered ? "Try fewer filters, or other words." : "Try other words, or fewer conditions."),
    filtered && h("button", { type: "button", onclick: () => go(without(params, [...filtersOf(params).keys(), "shown"])) }, "Clear the filters"),
    h("p", { class: "aside" }, "Or begin with one of these"),
    h("ul", { class: "examples" }, exampleLinks().slice(0, 3)));
}

function showTrouble(trouble, retry = show) {
  results.removeAttribute("aria-busy");
  if (trouble.status === 401) askForKey();
  if (retry === show) {
    for (const place of [results, byId("understood"), byId("filters")]) place.replaceChildren();
    byId("summary").textContent = "";
  }
  byId("announce").textContent = trouble.title ?? "Something went wrong";
  byId("after").replaceChildren(notice(trouble, retry));
}

const notice = (trouble, retry) => h("div", { class: "notice trouble" },
  h("h2", {}, trouble.title ?? "Something went wrong on this page"),
  h("p", {}, trouble.detail ?? trouble.message),
  isRefusal(trouble)
    ? [h("p", { class: "aside" }, "Begin with one of these"), h("ul", { class: "examples" }, exampleLinks().slice(0, 3))]
    : h("button", { type: "button", onclick: () => retry() }, "Try again"));

// The same request would be refused again, so there is no "Try again".
const isRefusal = ({ status }) => [404, 413, 422].includes(status);

function askForKey() {
  const dialog = byId("key-dialog");
  byId("key-note").textContent = hasKey()
    ? "That key is wrong. Try another." : "It is kept in this tab only, until you close it.";
  if (!dialog.open) dialog.showModal();
}

const suggestions = combobox(input, byId("suggestions"),
  (text, signal) => ask("suggest", new URLSearchParams({ q: text }), signal),
  (text) => go(new URLSearchParams({ q: text })));

const sliders = adjusting(byId("adjust"), go);

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  // The filters stay; corrections of the old words do not apply to the new ones.
  const params = new URLSearchParams([["q", text], ...filtersOf(readAddress(location.search))]);
  answers.delete(params.toString()); // asked again on purpose: get a fresh answer
  if (text) go(params);
});

byId("key-dialog").addEventListener("close", () => {
  const key = byId("key").value.trim();
  byId("key").value = "";
  if (key) {
    rememberKey(key);
    show();
  }
});

// Links within the page do not reload it, unless a key asks for a new tab or window.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-go]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(readAddress(link.search));
  scrollTo(0, 0);
  results.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input, textarea")) return;
  event.preventDefault();
  input.focus();
  input.select();
});

byId("filters-toggle").addEventListener("click", () => {
  const isOpen = byId("answer").classList.toggle("filters-open");
  byId("filters-toggle").setAttribute("aria-expanded", String(isOpen));
});

function showTheme() {
  const chosen = document.documentElement.dataset.theme;
  const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  byId("theme").textContent = isDark ? "Light" : "Dark";
  return isDark;
}
byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = showTheme() ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
  showTheme();
});

addEventListener("popstate", show);
addEventListener("online", () => document.querySelector(".trouble") && show());
byId("examples").replaceChildren(...exampleLinks());
showTheme();
show();
