// Files of other services, read as works to match. Pure but for `matchWorks`, which asks the service.

import { ask } from "../api.js";
import { readTable } from "./csv.js";
import { LISTS } from "./memory.js";

const CHUNK = 200; // the most works that one request matches

/** @typedef {{ source: string, works: ImportedWork[], nLeftOut: number }} Import */

/**
 * The works in an exported file of Goodreads, Letterboxd or IMDb, or of this page.
 * @param {string} text
 * @param {string} fileName tells a watchlist from what was watched
 * @returns {Import}
 * @throws {Error} with a message for the person
 */
export function readImport(text, fileName) {
  if (/^\uFEFF?\s*\{/.test(text)) return readOwn(text);
  const rows = readTable(text);
  const columns = new Set(Object.keys(rows[0] ?? {}));
  const found = READERS.find(({ needs }) => needs.every((name) => columns.has(name)));
  if (!found) throw new Error(`${fileName} is not a list of Goodreads, Letterboxd, IMDb or this page that has works in it.`);
  const read = rows.map((row) => found.read(row, fileName.toLowerCase()));
  const works = read.filter((work) => work !== null && work.title !== "");
  return { source: found.source, works: /** @type {ImportedWork[]} */ (works), nLeftOut: rows.length - works.length };
}

/** @type {{ source: string, needs: string[], read: (row: Record<string, string>, fileName: string) => ImportedWork | null }[]} */
const READERS = [
  { source: "this page", needs: ["list", "id", "title"], read: (row) => ({
    id: row.id ?? "", title: row.title ?? "", kind: row.kind, year: toYear(row.year), ids: {}, list: LISTS.find((name) => name === row.list) ?? null, loved: row.list === "loved",
  }) },
  { source: "Goodreads", needs: ["Book Id", "Title", "Exclusive Shelf"], read: (row) => ({
    title: row.Title ?? "", kind: "book", year: toYear(row["Original Publication Year"]) ?? toYear(row["Year Published"]),
    ids: withoutBlanks({ goodreads: row["Book Id"], isbn: isbn(row.ISBN13) || isbn(row.ISBN) }),
    list: row["Exclusive Shelf"] === "read" ? "seen" : "saved", loved: Number(row["My Rating"]) >= 4,
  }) },
  { source: "IMDb", needs: ["Const", "Title"], read: (row, fileName) => {
    const isEpisode = /series|episode|game|podcast|music/i.test(row["Title Type"] ?? "");
    return isEpisode ? null : {
      title: row.Title ?? "", kind: "movie", year: toYear(row.Year), ids: withoutBlanks({ imdb: row.Const }),
      list: row["Your Rating"] && !fileName.includes("watchlist") ? "seen" : "saved", loved: Number(row["Your Rating"]) >= 8,
    };
  } },
  { source: "Letterboxd", needs: ["Name", "Year", "Letterboxd URI"], read: (row, fileName) => ({
    title: row.Name ?? "", kind: "movie", year: toYear(row.Year), ids: {},
    list: fileName.includes("watchlist") ? "saved" : "seen", loved: Number(row.Rating) >= 4 || fileName.includes("likes"),
  }) },
];

/** @param {string | undefined} text */
const toYear = (text) => (/^-?\d{1,4}$/.test(text ?? "") ? Number(text) : undefined);

/** Goodreads writes ="0441013597", so that a spreadsheet keeps the zero. @param {string | undefined} text */
const isbn = (text) => (text ?? "").replace(/[^\dXx]/g, "");

/** @param {Record<string, string | undefined>} ids @returns {Record<string, string>} */
const withoutBlanks = (ids) => Object.fromEntries(Object.entries(ids).flatMap(([name, id]) => (id ? [[name, id]] : [])));

/** @param {string} text @returns {Import} */
function readOwn(text) {
  const stored = JSON.parse(text.replace(/^\uFEFF/, ""));
  if (!stored.lists) throw new Error("This JSON file was not exported from this page.");
  const isWork = (/** @type {any} */ work) => typeof work?.id === "string" && typeof work?.title === "string";
  const given = (/** @type {any} */ list) => (Array.isArray(list) ? list.filter(isWork) : []);
  const read = (/** @type {WorkReference[]} */ works, /** @type {ListName | null} */ list) => works.map((work) => ({ ...work, ids: {}, list, loved: list === null }));
  return { source: "this page", works: [...LISTS.flatMap((list) => read(given(stored.lists[list]), list)), ...read(given(stored.profile?.loved), null)], nLeftOut: 0 };
}

/**
 * Find works in the catalogue, 200 at a time.
 * @param {ImportedWork[]} works
 * @param {(nDone: number) => void} progress
 * @returns {Promise<(WorkReference | null)[]>} for each work the one of the catalogue, or null
 */
export async function matchWorks(works, progress) {
  /** @type {(WorkReference | null)[]} */
  const found = [];
  for (let from = 0; from < works.length; from += CHUNK) {
    const chunk = works.slice(from, from + CHUNK);
    const asked = chunk.map(({ title, year, kind, ids }) => ({ title, ...(year !== undefined && { year }), ...(kind && { kind }), ids }));
    const answer = await ask({ path: "match", body: { works: asked } });
    found.push(...answer.works);
    progress(found.length);
  }
  return found;
}
