// From facts to words. Pure: makes no elements.

/** @type {Record<string, string>} */
const KINDS = { movie: "Film", book: "Book" };
/** @type {Record<string, string>} */
const PLURALS = { movie: "Films", book: "Books" };
/** @type {Record<string, [string, string]>} */
const VOICES = { movie: ["viewer", "viewers"], book: ["reader", "readers"] };
/** @type {Record<string, string>} */
const AUDIENCES = { children: "for children", family: "for the whole family", teens: "for teenagers" };
/** @type {Record<string, string>} */
const STANDINGS = { acclaimed: "acclaimed", popular: "popular", "lesser-known": "lesser known", underrated: "underrated" };
const languages = new Intl.DisplayNames(["en"], { type: "language" });
const countries = new Intl.DisplayNames(["en"], { type: "region" });
const numbers = new Intl.NumberFormat("en");

/** From these scores up, a work has a value in these words. @type {[number, string][]} */
export const STRENGTHS = [[.7, "strong"], [.5, "clear"], [.25, "some"], [0, "little"]];

export const kindName = (/** @type {string} */ kind) => KINDS[kind] ?? kind;
export const kindPlural = (/** @type {string} */ kind) => PLURALS[kind] ?? kind;
export const audienceName = (/** @type {string} */ audience) => AUDIENCES[audience] ?? audience;
export const standingName = (/** @type {string} */ standing) => STANDINGS[standing] ?? standing;
export const count = (/** @type {number} */ n) => numbers.format(n);
/** "1 work", "1,637 works". */
export const works = (/** @type {number} */ n) => `${count(n)} ${n === 1 ? "work" : "works"}`;
/** How strongly a work has a value, in a word. */
export const strength = (/** @type {number} */ score) => STRENGTHS.find(([least]) => score >= least)?.[1] ?? "little";
/** A text with its first letter as a capital. */
export const capital = (/** @type {string} */ text) => text.slice(0, 1).toUpperCase() + text.slice(1);

export const languageName = (/** @type {string} */ code) => nameIn(languages, code);
export const countryName = (/** @type {string} */ code) => nameIn(countries, code.toUpperCase());

/** @param {Intl.DisplayNames} names @param {string} code */
function nameIn(names, code) {
  try {
    return names.of(code) ?? code;
  } catch {
    return code; // not a code the browser can parse
  }
}

/**
 * A work of the request with its kind and year, which tell it from others of its title: "Dune (book, 1965)".
 * @param {WorkReference} work
 */
export function workName({ title, kind, year }) {
  const facts = [kind && kindName(kind).toLowerCase(), year].filter(Boolean).join(", ");
  return facts ? `${title} (${facts})` : title;
}

/** @param {number} minutes */
export function duration(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours && `${hours} h`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
}

/**
 * A range in words, both ends included; either may be open. "Under two hours" is read as up to 119 minutes, so a length
 * of one less than a round number is shown as "under 2 h", and one more as "over 2 h".
 * @param {string | null | undefined} from
 * @param {string | null | undefined} to
 * @param {(number: number) => string} [unit]
 * @param {boolean} [isLength]
 */
export function range(from, to, unit = String, isLength = false) {
  const [first, last] = [Number(from), Number(to)];
  if (from && to) return first === last ? unit(first) : `${unit(first)} to ${unit(last)}`;
  if (from) return isLength && first % 10 === 1 ? `over ${unit(first - 1)}` : `from ${unit(first)}`;
  return isLength && last % 10 === 9 ? `under ${unit(last + 1)}` : `up to ${unit(last)}`;
}

/**
 * A range of years in words; a whole decade by its name.
 * @param {string | null | undefined} from
 * @param {string | null | undefined} to
 */
export function years(from, to) {
  const isDecade = from && to && Number(from) % 10 === 0 && Number(to) === Number(from) + 9;
  return isDecade ? `${from}s` : range(from, to);
}

/**
 * A weight in [-1, 1] in words: "much less".
 * @param {number} weight
 */
export function degree(weight) {
  if (weight === 0) return "either way";
  const size = Math.abs(weight) > .7 ? "much " : Math.abs(weight) < .35 ? "a little " : "";
  return `${size}${weight < 0 ? "less" : "more"}`;
}

/**
 * How many people say something of a work: "14 of 30 viewers".
 * @param {Said} said
 * @param {string | undefined} kind
 */
export function voices({ count: n, of }, kind) {
  const [one, many] = VOICES[kind ?? ""] ?? ["person", "people"];
  return `${count(n)} of ${count(of)} ${of === 1 ? one : many}`;
}

/**
 * The reasons that most works of an answer have: they hardly tell one from another.
 * @param {Hit[]} hits
 */
export function saidByMost(hits) {
  const counts = Map.groupBy(hits.flatMap(({ reasons }) => reasons), (reason) => reason);
  return new Set([...counts].filter(([, same]) => same.length > hits.length / 2).map(([reason]) => reason));
}

/**
 * The facts under a title: kind, creators, length, language unless English, genres.
 * @param {Work} work
 */
export function factsOf(work) {
  const creators = work.creators.slice(0, 2).map((creator) => creator.name).join(", ");
  const others = work.creators.length - 2;
  return [
    work.kind && kindName(work.kind),
    others > 0 ? `${creators} and ${others} more` : creators,
    work.runtime_minutes && duration(work.runtime_minutes),
    work.page_count && `${count(work.page_count)} pages`,
    work.language && work.language !== "en" && languageName(work.language),
    work.genres.slice(0, 3).join(", "),
  ].filter((fact) => typeof fact === "string" && fact !== "");
}

/**
 * A text, split where marks begin and end, as [{text, ids}].
 * Marks count characters (Unicode code points), like the service. A JavaScript string counts UTF-16 units, and an emoji
 * has two; so the text comes as an array of characters.
 * @param {string[]} characters
 * @param {{ id: string, start: number, end: number }[]} marks
 */
export function passages(characters, marks, from = 0, to = characters.length) {
  const cuts = new Set([from, to]);
  for (const { start, end } of marks) for (const cut of [start, end]) if (cut > from && cut < to) cuts.add(cut);
  const edges = [...cuts].sort((a, b) => a - b);
  return edges.slice(1).map((edge, index) => ({
    text: characters.slice(edges[index], edge).join(""),
    ids: marks.filter((mark) => mark.start < edge && mark.end > (edges[index] ?? 0)).map((mark) => mark.id),
  }));
}

/**
 * Where to cut a long text, at white space, so that about `length` characters with `focus` among them remain.
 * @param {string[]} characters
 * @param {{ start: number, end: number }} focus
 * @param {number} length
 * @returns {[number, number]}
 */
export function excerpt(characters, focus, length) {
  if (characters.length <= length * 1.35) return [0, characters.length];
  const isGap = (/** @type {number} */ index) => /\s/.test(characters[index] ?? " ");
  let from = focus.end < length ? 0 : Math.max(0, Math.min(focus.start - 90, characters.length - length));
  while (from > 0 && !isGap(from - 1)) from -= 1;
  let to = Math.min(characters.length, Math.max(from + length, focus.end));
  while (to < characters.length && !isGap(to)) to += 1;
  return [from, to];
}

/** The part of a word that its forms share: "inspir" of "inspiration", "inspiring" and "inspired". @param {string} word */
function stemOf(word) {
  const bare = word.toLowerCase().replace(/(?:ation|ness|ment|ance|ence|ful|ing|ion|ity|al|ed|es|s|y)$/, "").replace(/i$/, "");
  return bare.length >= 3 ? bare : word.toLowerCase();
}

/**
 * The first word of a passage that is a form of one of these words; null if there is none.
 * @param {string[]} characters
 * @param {{ start: number, end: number }} passage
 * @param {string[]} words
 * @returns {{ start: number, end: number } | null}
 */
export function findWord(characters, { start, end }, words) {
  const stems = words.flatMap((each) => each.match(/\p{L}{3,}/gu) ?? []).map(stemOf);
  for (let at = start; at < end; at += 1) {
    let to = at;
    while (to < end && /\p{L}/u.test(characters[to] ?? "")) to += 1;
    const word = characters.slice(at, to).join("").toLowerCase();
    if (stems.some((stem) => word.startsWith(stem))) return { start: at, end: to };
    at = to;
  }
  return null;
}

/**
 * Where to cut a sentence of which about `length` characters fit, at white space: at the end that is farther from the
 * word that shows the match, or at both. A sentence that is hardly longer stays whole.
 * @param {string[]} characters
 * @param {{ start: number, end: number }} sentence
 * @param {{ start: number, end: number } | null} word
 * @param {number} length
 * @returns {[number, number]}
 */
export function cutSentence(characters, { start, end }, word, length) {
  if (end - start <= length * 1.2) return [start, end];
  const isGap = (/** @type {number} */ index) => /\s/.test(characters[index] ?? " ");
  const around = word ?? { start, end: start };
  const room = Math.max(length - (around.end - around.start), 0);
  let from = around.end - start <= length ? start : around.start - Math.round(room / 2);
  if (end - around.start <= length) from = end - length;
  let to = Math.min(end, Math.max(from + length, around.end));
  while (from > start && !isGap(from - 1)) from -= 1;
  while (to < end && !isGap(to)) to += 1;
  return [from, to];
}

/**
 * The part of a text that may be a title: the part after the last "like", else the whole text.
 * @param {string} text
 */
export function titleFragment(text) {
  const found = /^(.*\b(?:un)?like\s+)(.+)$/i.exec(text);
  return found ? { head: found[1] ?? "", fragment: found[2] ?? "" } : { head: "", fragment: text };
}

/**
 * What the words before a chosen title ask of the work, and the words that remain: "inspiring, like" asks for works like
 * it that are "inspiring".
 * @param {string} head
 */
export function wishOf(head) {
  const name = /\bunlike\s*$/i.test(head) ? "unlike" : "like";
  const rest = head.replace(/[\s,]*\b(?:but\s+|and\s+|something\s+)?(?:un)?like\s*$/i, "").trim();
  return { name, rest };
}
