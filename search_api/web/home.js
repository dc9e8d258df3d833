// The start page: questions to try, and the values of the taxonomy.

import { h } from "./dom.js";

const EXAMPLES = [
  "find me something inspiring",
  "like Interstellar but not too sad, under two hours",
  "a book that teaches me something about the sea",
  "a comforting film for a rainy evening",
  "let me see the world with a child's eyes",
];
const FACETS = [["emotion", "A feeling"], ["learning", "Something to take away"], ["theme", "What it is about"]];

const question = (text) => `?${new URLSearchParams({ q: text })}`;

/** The questions to try. */
export const exampleLinks = () => EXAMPLES.map((text) => h("li", {}, h("a", { href: question(text), "data-go": true }, text)));

/** The values by facet, then by group: [{facet, title, groups: [[group, values]]}]. */
export function valueGroups(values) {
  return FACETS.map(([facet, title]) => ({
    facet, title, groups: [...Map.groupBy(values.filter((value) => value.facet === facet), (value) => value.group ?? "")],
  })).filter(({ groups }) => groups.length > 0);
}

/** The taxonomy as an index: facets, their groups, and their values. */
export function taxonomyIndex(values) {
  return valueGroups(values).map(({ facet, title, groups }) =>
    h("section", { "data-facet": facet, "aria-label": title },
      h("h2", {}, title),
      groups.map(([group, members]) => h("div", { class: "group" },
        group && h("h3", {}, group),
        h("ul", {}, members.map((value) => h("li", {},
          h("a", { href: question(value.name), title: value.description, "data-go": true }, value.name))))))));
}
