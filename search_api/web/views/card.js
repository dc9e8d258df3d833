// One work in an answer: its facts, the reasons, the sentence that shows what was asked for, what people say, its values.

import { bar, inOrderOfRequest } from "./bars.js";
import { cover } from "./cover.js";
import { facetOf } from "../state/catalogue.js";
import { h, link } from "../dom.js";
import { markButtons, plusButton } from "./marks.js";
import { toWork } from "../routing.js";
import { capital, cutSentence, excerpt, factsOf, findWord, kindName, passages, strength, voices } from "../words.js";

const narrow = matchMedia("(max-width: 36rem)"); // a long description would push the next work off a narrow screen
const SENTENCE = 150; // characters of a sentence on a narrow screen: four lines

/**
 * @param {Hit} hit
 * @param {Record<string, number>} weights how much the question asks for values and tags, by id; negative: it refuses them
 * @param {{ shared?: string[], common?: Set<string>, liked?: WorkReference[] }} [among] `shared`: ids of values that the liked
 *   works have, whose sentences show why the work is like them; `common`: the reasons that most works of the answer have;
 *   `liked`: the works that it is to be like
 */
export function card(hit, weights, { shared = [], common = new Set(), liked = [] } = {}) {
  const titleId = `work-${hit.id}`;
  const facts = factsOf(hit);
  const telling = tell(hit, weights, shared);
  const article = h("article", { class: "card", "aria-labelledby": titleId });
  const more = h("button", { class: "quiet unfold", type: "button", "aria-expanded": "false",
    onclick: () => {
      const isOpen = article.classList.toggle("open");
      more.setAttribute("aria-expanded", String(isOpen));
      more.firstChild?.replaceWith(isOpen ? "Less" : "More");
      telling.unfold(isOpen);
    } }, "More", h("span", { class: "unseen" }, ` about ${hit.title}`));
  article.append(
    spine(hit.values),
    cover(hit),
    h("div", { class: "telling" },
      h("div", { class: "head" },
        h("h2", { id: titleId, tabindex: "-1" }, link(toWork(hit.id), { dir: "auto" }, hit.title), hit.year && h("span", { class: "year" }, ` ${hit.year}`)),
        plusButton(hit)),
      hit.original_title && hit.original_title !== hit.title && h("p", { class: "original" }, h("bdi", {}, hit.original_title)),
      facts.length > 0 && h("p", { class: "facts" }, facts.join(" · ")),
      reasons(hit.reasons, common, liked),
      askedLine(hit.values, weights),
      telling.text,
      telling.sayings,
      h("div", { class: "actions" },
        markButtons(hit),
        link({ like: hit.id }, { class: "more-like", "aria-label": `More like this: ${hit.title}` }, "More like this"),
        sourceLink(hit),
        (hit.description || hit.values.length > 0) && more)),
    hit.values.length > 0 ? h("ul", { class: "values", "aria-label": `Values of ${hit.title}` }, telling.bars) : "");
  return h("li", {}, article);
}

/**
 * The description with evidence marked, what people say, and the bars that show and hide both.
 * @param {Work & { matched_terms?: string[] }} work
 * @param {Record<string, number>} weights
 * @param {string[]} shared
 */
export function tell(work, weights, shared = [], isWhole = false) {
  const values = inOrderOfRequest(work.values, weights);
  const isAsked = (/** @type {WorkValue} */ { id }) => (weights[id] ?? 0) > 0;
  const quotable = [...values, ...(work.tags ?? []).filter(isAsked)].filter((value) => value.said?.quote);
  const evident = values.filter((value) => value.evidence);
  const wanted = evident.filter(isAsked);
  // A sentence is marked if it answers the request. One for a value that nobody asked for would only fill the place.
  const answering = wanted.length > 0 ? wanted : evident.filter(({ id }) => shared.includes(id)).slice(0, 1);
  const quoted = new Set(firstQuoted(quotable, weights));
  const pressed = new Set([...answering.map(({ id }) => id), ...quoted]);
  const text = h("div", { class: "description" });
  const sayings = quotable.length > 0 ? h("div", { class: "sayings" }) : null;
  let whole = isWhole;
  let isUnfolded = isWhole;
  let latest = answering[0]?.id;

  const redraw = () => {
    const marks = evident.filter(({ id }) => pressed.has(id));
    const length = narrow.matches ? (isUnfolded ? 300 : 0) : 520;
    text.replaceChildren(...description(work, marks, latest, whole ? Infinity : length, isWhole ? null : () => {
      whole = !whole;
      redraw();
      text.querySelector("button")?.focus();
    }, whole));
    sayings?.replaceChildren(...quotable.filter(({ id }) => quoted.has(id)).map((value) => saying(value, work.kind)));
  };
  redraw();

  const press = (/** @type {string} */ id, /** @type {boolean} */ on) => {
    for (const chosen of [pressed, quoted]) chosen[on ? "add" : "delete"](id);
    if (on) latest = id;
    redraw();
  };
  return {
    text, sayings,
    bars: values.map((value) => bar(value, weights[value.id] ?? 0, pressed.has(value.id), press)),
    unfold: (/** @type {boolean} */ on) => {
      isUnfolded = on;
      redraw();
    },
  };
}

/**
 * @param {Work & { matched_terms?: string[] }} work
 * @param {WorkValue[]} marked
 * @param {string | undefined} latest the value whose sentence must be seen
 * @param {number} length in characters; 0 shows one sentence
 * @param {(() => void) | null} toggle
 * @param {boolean} isWhole
 */
function description(work, marked, latest, length, toggle, isWhole) {
  if (!work.description) return [];
  const characters = Array.from(work.description);
  const marks = marked.map(({ id, evidence }) => ({ id, start: evidence?.start ?? 0, end: evidence?.end ?? 0 }));
  const focus = marks.find(({ id }) => id === latest) ?? marks[0];
  const names = new Map(work.values.map((value) => [value.id, value.name]));
  const sentence = oneSentence(characters, focus);
  const words = [focus ? names.get(focus.id) ?? "" : "", ...work.matched_terms ?? []];
  const [from, to] = length === 0 ? cutSentence(characters, sentence, findWord(characters, sentence, words), SENTENCE)
    : excerpt(characters, focus ?? { start: 0, end: 0 }, length);
  const parts = passages(characters, marks, from, to).map(({ text, ids }) =>
    ids.length > 0
      ? h("mark", { "data-facet": facetOf(ids[0] ?? ""), title: `Shows ${ids.map((id) => names.get(id)).join(", ")}` }, text)
      : text);
  const whole = length === 0 ? sentence : { start: 0, end: characters.length };
  const isCut = from > whole.start || to < whole.end;
  return [
    h("p", { dir: "auto" }, from > whole.start && "… ", parts, to < whole.end && " …"),
    toggle && (isCut || isWhole) && h("button", { class: "quiet", type: "button", onclick: toggle, "aria-expanded": String(isWhole) },
      isWhole ? "Show less" : "Read all", h("span", { class: "unseen" }, ` of ${work.title}`)),
  ].filter((part) => part instanceof Node);
}

/**
 * The sentence to show where there is room for one: the evidence, else the first of the description.
 * @param {string[]} characters
 * @param {{ start: number, end: number } | undefined} focus
 * @returns {{ start: number, end: number }}
 */
function oneSentence(characters, focus) {
  if (focus) return focus;
  const end = characters.findIndex((each, index) => index > 40 && /[.!?…]/.test(each) && /\s/.test(characters[index + 1] ?? " "));
  return { start: 0, end: end < 0 ? characters.length : end + 1 };
}

/**
 * The id of what a card quotes people on: what most say, of what is asked for if there is any; never what is refused.
 * @param {WorkValue[]} quotable
 * @param {Record<string, number>} weights
 */
function firstQuoted(quotable, weights) {
  const weightOf = (/** @type {WorkValue} */ { id }) => weights[id] ?? 0;
  const [first] = quotable.filter((value) => weightOf(value) >= 0)
    .toSorted((a, b) => Number(weightOf(b) > 0) - Number(weightOf(a) > 0) || (b.said?.count ?? 0) - (a.said?.count ?? 0));
  return first ? [first.id] : [];
}

/**
 * What a person said, in their words: the text may be of any language and direction.
 * @param {WorkValue} value
 * @param {string | undefined} kind
 */
export function saying({ id, name, said }, kind) {
  return h("figure", { class: "said", "data-facet": facetOf(id) },
    h("blockquote", { dir: "auto" }, "“", said?.quote, "”"),
    h("figcaption", {}, [name, said && voices(said, kind), said?.source].filter(Boolean).join(" · ")));
}

const AGAINST = /which you did not want|of which you wanted less|that you did not want|^does not have|^is not known/i;

/**
 * Why the work is there; what speaks against it stands out. What most works have in common comes last.
 * @param {string[]} given
 * @param {Set<string>} common
 * @param {WorkReference[]} liked
 */
function reasons(given, common, liked) {
  if (given.length === 0) return null;
  const own = given.filter((reason) => !common.has(reason));
  const [only] = liked.length === 1 ? liked : [];
  return h("div", { class: "reasons" },
    h("h3", {}, "Why"),
    h("ul", {}, [...own, ...given.filter((reason) => common.has(reason))].map((reason) => {
      // What every reason says is left out where there is little room: that it was asked for, and the one work to be like.
      const usual = [", which you asked for", ", as you asked", only ? ` with ${only.title}` : ""].find((each) => each && reason.includes(each));
      const [said = "", ...rest] = usual ? capital(reason).split(usual) : [capital(reason)];
      return h("li", { class: AGAINST.test(reason) && "against" }, said, usual && h("span", { class: "tail" }, usual), rest.join(usual));
    })));
}

/**
 * The values asked for and refused in one line, for a narrow screen.
 * @param {WorkValue[]} values
 * @param {Record<string, number>} weights
 */
function askedLine(values, weights) {
  const asked = inOrderOfRequest(values, weights).filter(({ id }) => weights[id]);
  const shown = (asked.length > 0 ? asked : values).slice(0, 3);
  if (shown.length === 0) return null;
  return h("p", { class: "asked-line" }, shown.map(({ id, name, score }) => {
    const fill = h("span", { class: "fill" });
    fill.style.inlineSize = `${Math.round(score * 100)}%`;
    return h("span", { "data-facet": facetOf(id), class: (weights[id] ?? 0) < 0 && "refused" },
      h("span", { class: "name" }, name), " ", h("span", { class: "word" }, strength(score)), h("span", { class: "track", "aria-hidden": "true" }, fill));
  }));
}

/**
 * The work's values as one strip of colour.
 * @param {WorkValue[]} values
 */
function spine(values) {
  return h("div", { class: "spine", "aria-hidden": "true" }, values.map((value) => {
    const band = h("span", { "data-facet": facetOf(value.id) });
    band.style.flexGrow = String(value.score);
    return band;
  }));
}

/** @param {Work} work */
function sourceLink(work) {
  if (!work.url || !/^https?:\/\//.test(work.url)) return null;
  return h("a", { class: "source", href: work.url, rel: "noopener noreferrer", target: "_blank" },
    `About this ${kindName(work.kind ?? "work").toLowerCase()}`, h("span", { "aria-hidden": "true" }, " ↗"));
}

/** A placeholder for a card, of the same size, so that nothing moves when the card comes. */
export function skeleton() {
  return h("div", { class: "card waiting" }, h("div", { class: "spine" }),
    h("div", { class: "telling" }, ["title", "facts", "line", "line", "line short"].map((kind) => h("span", { class: `ghost ${kind}` }))),
    h("div", { class: "values" }, [1, 2, 3, 4, 5].map(() => h("span", { class: "ghost bar" }))));
}
