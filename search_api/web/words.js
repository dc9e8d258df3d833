// From facts to words. Pure: makes no elements.

const KINDS = { movie: "Film", book: "Book" };
const PLURALS = { movie: "Films", book: "Books" };
const AUDIENCES = { children: "for children", family: "for the whole family", teens: "for teenagers" };
const STANDINGS = { acclaimed: "acclaimed", popular: "popular", "lesser-known": "lesser known" };
const languages = new Intl.DisplayNames(["en"], { type: "language" });
const countries = new Intl.DisplayNames(["en"], { type: "region" });
const numbers = new Intl.NumberFormat("en");

export const kindName = (kind) => KINDS[kind] ?? kind;
export const kindPlural = (kind) => PLURALS[kind] ?? kind;
export const audienceName = (audience) => AUDIENCES[audience] ?? audience;
export const standingName = (standing) => STANDINGS[standing] ?? standing;
export const count = (n) => numbers.format(n);

export const languageName = (code) => nameIn(languages, code);
export const countryName = (code) => nameIn(countries, code.toUpperCase());

function nameIn(names, code) {
  try {
    return names.of(code);
  } catch {
    return code; // not a code the browser can parse
  }
}

/** A work of the request with its kind and year, which tell it from others of its title: "Dune (book, 1965)". */
export function workName({ title, kind, year }) {
  const facts = [kind && kindName(kind).toLowerCase(), year].filter(Boolean).join(", ");
  return facts ? `${title} (${facts})` : title;
}

export function duration(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours && `${hours} h`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
}

/**
 * A range in words, both ends included; either may be open. "Under two hours" is read as up to 119 minutes, so a length
 * of one less than a round number is shown as "under 2 h", and one more as "over 2 h".
 */
export function range(from, to, unit = String, isLength = false) {
  const [first, last] = [Number(from), Number(to)];
  if (from && to) return first === last ? unit(first) : `${unit(first)} to ${unit(last)}`;
  if (from) return isLength && first % 10 === 1 ? `over ${unit(first - 1)}` : `from ${unit(first)}`;
  return isLength && last % 10 === 9 ? `under ${unit(last + 1)}` : `up to ${unit(last)}`;
}

/** A range of years in words; a whole decade by its name. */
export function years(from, to) {
  const isDecade = from && to && Number(from) % 10 === 0 && Number(to) === Number(from) + 9;
  return isDecade ? `${from}s` : range(from, to);
}

/** A weight in [-1, 1] in words: "much less". */
export function degree(weight) {
  if (weight === 0) return "either way";
  const size = Math.abs(weight) > .7 ? "much " : Math.abs(weight) < .35 ? "a little " : "";
  return `${size}${weight < 0 ? "less" : "more"}`;
}

/** The facts under a title: kind, creators, length, language unless English, genres. */
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
  ].filter(Boolean);
}

/**
 * A text, split where marks begin and end, as [{text, ids}].
 * Marks count characters (Unicode code points), like the service. A JavaScript string counts UTF-16 units, and an emoji
 * has two; so the text comes as an array of characters.
 */
export function passages(characters, marks, from = 0, to = characters.length) {
  const cuts = new Set([from, to]);
  for (const { start, end } of marks) for (const cut of [start, end]) if (cut > from && cut < to) cuts.add(cut);
  const edges = [...cuts].sort((a, b) => a - b);
  return edges.slice(1).map((edge, index) => ({
    text: characters.slice(edges[index], edge).join(""),
    ids: marks.filter((mark) => mark.start < edge && mark.end > edges[index]).map((mark) => mark.id),
  }));
}

/** Where to cut a long text, at white space, so that about `length` characters with `focus` among them remain. */
export function excerpt(characters, focus, length) {
  if (characters.length <= length * 1.35) return [0, characters.length];
  const isGap = (index) => /\s/.test(characters[index]);
  let from = focus.end < length ? 0 : Math.max(0, Math.min(focus.start - 90, characters.length - length));
  while (from > 0 && !isGap(from - 1)) from -= 1;
  let to = Math.min(characters.length, Math.max(from + length, focus.end));
  while (to < characters.length && !isGap(to)) to += 1;
  return [from, to];
}

/** The part of a text that may be a title: the part after the last "like", else the whole text. */
export function titleFragment(text) {
  const found = /^(.*\b(?:un)?like\s+)(.+)$/i.exec(text);
  return found ? { head: found[1], fragment: found[2] } : { head: "", fragment: text };
}
