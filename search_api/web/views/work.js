// The page of a work: its facts, all its values with their sentences, where it is described, and works like it.

import { ask, isAborted, toTrouble } from "../api.js";
import { card, tell } from "./card.js";
import { markLevels } from "./bars.js";
import { cover } from "./cover.js";
import { facetOf, learnNames, loadValues, loadWork } from "../state/catalogue.js";
import { announce, byId, h, link, shown } from "../dom.js";
import { markButtons, plusButton } from "./marks.js";
import { hasBefore, showAgain } from "../routing.js";
import { troubleLine, troubleNotice } from "./trouble.js";
import { count, countryName, factsOf, kindName, saidByMost, strength } from "../words.js";

const N_SIMILAR = "6";

/** Where an id of a work leads. @type {Record<string, [string, (id: string) => string]>} */
const SITES = {
  imdb: ["IMDb", (id) => `https://www.imdb.com/title/${id}/`],
  tmdb: ["TMDb", (id) => `https://www.themoviedb.org/movie/${id}`],
  goodreads: ["Goodreads", (id) => `https://www.goodreads.com/book/show/${id}`],
  open_library: ["Open Library", (id) => `https://openlibrary.org/${id.endsWith("W") ? "works" : "books"}/${id}`],
  google_books: ["Google Books", (id) => `https://books.google.com/books?id=${id}`],
  wikipedia: ["Wikipedia", (id) => `https://en.wikipedia.org/${/^\d+$/.test(id) ? `?curid=${id}` : `wiki/${encodeURIComponent(id)}`}`],
  wikidata: ["Wikidata", (id) => `https://www.wikidata.org/wiki/${id}`],
};

/** @param {URLSearchParams} params @param {AbortSignal} signal */
export async function showWork(params, signal) {
  const id = params.get("work") ?? "";
  const place = /** @type {HTMLElement} */ (byId("work-view"));
  if (place.dataset.work !== id) place.replaceChildren(h("h1", { tabindex: "-1", class: "unseen" }, "A work"), h("p", { class: "waiting-line" }, "Reading"));
  place.dataset.work = id;
  document.title = "Evoke";
  try {
    const work = await loadWork(id, signal);
    if (signal.aborted) return;
    learnNames({ hits: [work] });
    const similar = h("section", { class: "similar", "aria-label": "Works like it" });
    const draw = () => {
      const hadFocus = place.contains(document.activeElement);
      place.replaceChildren(...whole(work, params), similar);
      if (hadFocus) byId("work-title").focus({ preventScroll: true });
    };
    const looks = () => work.values.map((value) => facetOf(value.id)).join();
    const guessed = looks();
    draw();
    document.title = `${work.title}${work.year ? ` (${work.year})` : ""} · Evoke`;
    announce(document.title);
    await showSimilar(work, similar, signal);
    loadValues().then(() => signal.aborted || looks() === guessed || draw(), () => {}); // with the colours of the taxonomy
  } catch (error) {
    if (isAborted(error) || signal.aborted) return;
    const trouble = toTrouble(error);
    delete place.dataset.work;
    place.replaceChildren(h("h1", { tabindex: "-1", class: "unseen" }, "No work to show"),
      troubleNotice(trouble, showAgain, [link({}, {}, "Begin with a feeling")]));
    document.dispatchEvent(new CustomEvent("evoke:trouble", { detail: trouble }));
  }
}

/** @param {Work} work @param {HTMLElement} place @param {AbortSignal} signal */
async function showSimilar(work, place, signal) {
  try {
    const answer = /** @type {Answer} */ (await ask({ path: `works/${encodeURIComponent(work.id)}/similar`, params: new URLSearchParams({ limit: N_SIMILAR }) }, signal));
    if (signal.aborted) return;
    learnNames(answer);
    place.replaceChildren(h("h2", { class: "part" }, "Works like it"),
      h("ol", { class: "cards" }, cardsLike(answer, work)),
      link({ like: work.id }, { class: "more" }, "Show more like this"));
    markLevels(place, [work]);
  } catch (error) {
    if (isAborted(error) || signal.aborted) return;
    place.replaceChildren(troubleLine("Works like it could not be found.", () => showSimilar(work, place, signal)));
  }
}

/** The cards of works like one. @param {Answer} answer @param {Work} work */
function cardsLike({ hits }, work) {
  const common = saidByMost(hits);
  return hits.map((hit) => card(hit, {}, { shared: hit.values.map(({ id }) => id), common, liked: [work] }));
}

/** The way back to the answer: by the history, or by the words of a link that was followed. @param {URLSearchParams} params */
function wayBack(params) {
  const q = params.get("q");
  if (hasBefore()) return h("button", { class: "quiet back", type: "button", onclick: () => history.back() }, "← Back");
  return q && link({ q }, { class: "quiet back" }, `← Works for “${q}”`);
}

/** @param {Work} work @param {URLSearchParams} params */
function whole(work, params) {
  const told = tell(work, {}, [], true);
  const tags = work.tags.filter(({ score, said }) => score >= .25 || said);
  return shown([
    wayBack(params),
    h("article", { class: "work", "aria-labelledby": "work-title" },
      cover(work),
      h("div", { class: "telling" },
        h("div", { class: "head" },
          h("h1", { id: "work-title", tabindex: "-1", dir: "auto" }, work.title, work.year && h("span", { class: "year" }, ` ${work.year}`)),
          plusButton(work)),
        work.original_title && work.original_title !== work.title && h("p", { class: "original" }, h("bdi", {}, work.original_title)),
        h("p", { class: "facts" }, [...factsOf(work), ...work.countries.map(countryName)].join(" · ")),
        work.series && h("p", { class: "facts" }, `Part ${work.series.position === undefined ? "" : `${work.series.position} `}of ${work.series.name}`),
        work.rating && h("p", { class: "facts" }, `Rated ${work.rating.mean.toFixed(1)} of ${work.rating.scale} by ${count(work.rating.count)} people`),
        h("div", { class: "actions" }, markButtons(work),
          link({ like: work.id }, { class: "more-like" }, "More like this"), shareButton(work)),
        told.text, told.sayings,
        tags.length > 0 && h("p", { class: "facts" }, "People tag it ", tags.map(({ name }) => `“${name}”`).join(", "))),
      work.values.length > 0 && h("ul", { class: "values", "aria-label": `Values of ${work.title}` }, told.bars)),
    evidence(work),
    sources(work),
  ]);
}

/** Each value with the sentence that shows it. @param {Work} work */
function evidence(work) {
  const evident = work.values.filter((value) => value.evidence);
  if (evident.length === 0) return null;
  return h("section", { class: "evidence", "aria-label": "What shows its values" },
    h("h2", { class: "part" }, "What shows it"),
    h("dl", {}, evident.map((value) => h("div", {},
      h("dt", {}, value.name, h("span", { class: "facts" }, ` ${strength(value.score)}`)),
      h("dd", { dir: "auto" }, "“", value.evidence?.text, "”")))));
}

/** Where the work is described, and by whom. @param {Work} work */
function sources(work) {
  const links = Object.entries(SITES).flatMap(([name, [title, toAddress]]) => {
    const id = work.ids[name];
    return id && /^[\w.:-]+$/.test(id) ? [outside(toAddress(id), title)] : [];
  });
  if (work.url && /^https?:\/\//.test(work.url)) links.unshift(outside(work.url, `About this ${kindName(work.kind ?? "work").toLowerCase()}`));
  const credits = [...new Set(work.sources.map(({ source, attribution, licence }) => [attribution ?? source, licence].filter(Boolean).join(", ")))];
  if (links.length === 0 && credits.length === 0) return null;
  return h("section", { class: "sources", "aria-label": "Sources" },
    h("h2", { class: "part" }, "Sources"),
    links.length > 0 && h("ul", { class: "links" }, links.map((each) => h("li", {}, each))),
    credits.length > 0 && h("p", { class: "facts" }, `Described by ${credits.join("; ")}`));
}

/** @param {string} href @param {string} title */
const outside = (href, title) => h("a", { href, rel: "noopener noreferrer", target: "_blank" }, title, h("span", { "aria-hidden": "true" }, " ↗"));

/** Share by the device's own way, else copy the link. @param {Work} work */
function shareButton(work) {
  const button = h("button", { type: "button", class: "quiet", onclick: async () => {
    const url = `${location.origin}${location.pathname}?${new URLSearchParams({ work: work.id })}`;
    try {
      if ("share" in navigator && matchMedia("(pointer: coarse)").matches) await navigator.share({ title: work.title, url });
      else {
        await navigator.clipboard.writeText(url);
        button.textContent = "Link copied";
        announce("Link copied");
      }
    } catch (error) {
      if (isAborted(error)) return; // the person closed the device's dialog
      button.replaceWith(h("input", { class: "link", readonly: true, value: url, "aria-label": "The link", onfocus: (/** @type {FocusEvent} */ event) =>
        /** @type {HTMLInputElement} */ (event.target).select() }));
    }
  } }, "Share");
  return button;
}
