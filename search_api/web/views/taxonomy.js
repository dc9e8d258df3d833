// The values of the taxonomy, by facet and group.

import { h, link } from "../dom.js";

/** @type {[ValueView["facet"], string][]} */
const FACETS = [["emotion", "A feeling"], ["learning", "Something to take away"], ["theme", "What it is about"]];

/**
 * The values by facet, then by group.
 * @param {ValueView[]} values
 * @returns {{ facet: ValueView["facet"], title: string, groups: [string, ValueView[]][] }[]}
 */
export function valueGroups(values) {
  return FACETS.map(([facet, title]) => ({
    facet, title, groups: [...Map.groupBy(values.filter((value) => value.facet === facet), (value) => value.group ?? "")],
  })).filter(({ groups }) => groups.length > 0);
}

/**
 * The taxonomy as an index: facets, their groups, and their values, each a question. Feelings are chosen above it.
 * @param {ValueView[]} values
 */
export function taxonomyIndex(values) {
  return valueGroups(values).filter(({ facet }) => facet !== "emotion").map(({ facet, title, groups }) =>
    h("section", { "data-facet": facet, "aria-label": title },
      h("h2", {}, title),
      groups.map(([group, members]) => h("div", { class: "group" },
        group && h("h3", {}, group),
        h("ul", {}, members.map((value) => h("li", {}, link({ q: value.name }, { title: value.description }, value.name))))))));
}
