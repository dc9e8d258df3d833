// The person's lists as files.

import { writeTable } from "./csv.js";
import { LISTS } from "./memory.js";

/** @param {Memory} memory */
export const toJson = (memory) => `${JSON.stringify(memory, null, 2)}\n`;

/** @param {Memory} memory */
export function toCsv({ lists, profile }) {
  const rows = LISTS.flatMap((list) => lists[list].map(({ id, title, kind, year, at }) => [list, id, title, kind, year, at]));
  const loved = profile.loved.map(({ id, title, kind, year }) => ["loved", id, title, kind, year, undefined]);
  return writeTable(["list", "id", "title", "kind", "year", "at"], [...rows, ...loved]);
}

/**
 * Hand a text to the person as a file.
 * @param {string} name
 * @param {string} type
 * @param {string} text
 */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
