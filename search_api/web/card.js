// One work in an answer: its facts, its description with evidence marked, its values as bars, and the reasons.

import { h } from "./dom.js";
import { excerpt, factsOf, kindName, passages } from "./words.js";

const narrow = matchMedia("(max-width: 36rem)"); // a long description would push the next work off a narrow screen

/**
 * @param hit a hit of the answer
 * @param facetOf value id to "emotion", "theme" or "learning"
 * @param asked ids of the values that the question asks for
 */
export function card(hit, facetOf, asked) {
  const { values } = hit;
  const evident = values.filter((value) => value.evidence);
  const wanted = evident.filter((value) => asked.has(value.id));
  const marked = new Set((wanted.length ? wanted : evident.slice(0, 1)).map((value) => value.id));
  const text = h("div", { class: "description" });
  const state = { whole: false };

  const redraw = () => text.replaceChildren(...description(hit, values, marked, facetOf, state.whole, () => {
    state.whole = !state.whole;
    redraw();
    text.querySelector("button")?.focus();
  }));
  redraw();

  const mark = (id, on) => {
    if (on) marked.add(id);
    else marked.delete(id);
    redraw();
  };
  const facts = factsOf(hit);
  const titleId = `work-${hit.id}`;
  return h("li", {},
    h("article", { class: "card", "aria-labelledby": titleId },
      spine(values, facetOf),
      h("div", { class: "telling" },
        h("h2", { id: titleId, tabindex: "-1" }, hit.title, hit.year && h("span", { class: "year" }, ` ${hit.year}`)),
        hit.original_title && hit.original_title !== hit.title && h("p", { class: "original" }, h("bdi", {}, hit.original_title)),
        facts.length > 0 && h("p", { class: "facts" }, facts.join(" · ")),
        text,
        reasons(hit),
        h("p", { class: "actions" },
          h("a", { class: "more-like", href: `?${new URLSearchParams({ like: hit.id })}`, "data-go": true,
            "aria-label": `More like ${hit.title}` }, "More like this"),
          sourceLink(hit))),
      values.length > 0 && h("ul", { class: "values", "aria-label": `Values of ${hit.title}` },
        values.map((value) => bar(value, facetOf(value.id), asked.has(value.id), marked.has(value.id), mark)))));
}

function description(hit, values, marked, facetOf, whole, toggle) {
  if (!hit.description) return [];
  const characters = Array.from(hit.description);
  const marks = values
    .filter((value) => value.evidence && marked.has(value.id))
    .map((value) => ({ id: value.id, start: value.evidence.start, end: value.evidence.end }));
  const focus = marks[0] ?? { start: 0, end: 0 };
  const [from, to] = whole ? [0, characters.length] : excerpt(characters, focus, narrow.matches ? 300 : 520);
  const nameOf = new Map(values.map((value) => [value.id, value.name]));
  const parts = passages(characters, marks, from, to).map(({ text, ids }) =>
    ids.length
      ? h("mark", { "data-facet": facetOf(ids[0]), title: `Shows ${ids.map((id) => nameOf.get(id)).join(", ")}` }, text)
      : text);
  const isCut = from > 0 || to < characters.length;
  return [
    h("p", { dir: "auto" }, from > 0 && "… ", parts, to < characters.length && " …"),
    (isCut || whole) && h("button", { class: "quiet", type: "button", onclick: toggle, "aria-expanded": String(whole) },
      whole ? "Show less" : "Read all"),
  ].filter(Boolean);
}

function reasons(hit) {
  if (!hit.reasons.length) return null;
  return h("div", { class: "reasons" },
    h("h3", {}, "Why"),
    h("ul", {}, hit.reasons.map((reason) => h("li", {}, reason))));
}

function bar(value, facet, isAsked, isMarked, mark) {
  const percent = Math.round(value.score * 100);
  const fill = h("span", { class: "fill" });
  fill.style.inlineSize = `${percent}%`;
  const parts = [
    h("span", { class: "name" }, value.name, isAsked && h("span", { class: "unseen" }, ", asked for")),
    h("span", { class: "score" }, String(percent), h("span", { class: "unseen" }, " of 100")),
    h("span", { class: "track", "aria-hidden": "true" }, fill),
  ];
  const row = { class: `bar${isAsked ? " asked" : ""}`, "data-facet": facet };
  if (!value.evidence) return h("li", {}, h("div", row, parts));
  const button = h("button", { ...row, type: "button", "aria-pressed": String(isMarked), title: "Mark the sentence that shows it",
    onclick: () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      mark(value.id, on);
    } }, parts);
  return h("li", {}, button);
}

/** The work's values as one strip of colour. The page shows no covers: these would come from other servers. */
function spine(values, facetOf) {
  return h("div", { class: "spine", "aria-hidden": "true" }, values.map((value) => {
    const band = h("span", { "data-facet": facetOf(value.id) });
    band.style.flexGrow = String(value.score);
    return band;
  }));
}

function sourceLink(hit) {
  if (!hit.url || !/^https?:\/\//.test(hit.url)) return null;
  return h("a", { class: "source", href: hit.url, rel: "noopener noreferrer", target: "_blank" },
    `About this ${kindName(hit.kind ?? "work").toLowerCase()}`, h("span", { "aria-hidden": "true" }, " ↗"));
}

/** A placeholder for a card, of the same size, so that nothing moves when the card comes. */
export function skeleton() {
  return h("li", { "aria-hidden": "true" },
    h("div", { class: "card waiting" }, h("div", { class: "spine" }),
      h("div", { class: "telling" }, ["title", "facts", "line", "line", "line short"].map((kind) => h("span", { class: `ghost ${kind}` }))),
      h("div", { class: "values" }, [1, 2, 3, 4, 5].map(() => h("span", { class: "ghost bar" })))));
}
