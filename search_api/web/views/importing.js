// Import of a file that another service exported. It is read in the browser; only titles, years and ids are sent, to match.

import { toTrouble } from "../api.js";
import { announce, h, shown } from "../dom.js";
import { matchWorks, readImport } from "../state/imports.js";
import { LISTS, setListed, setLoved } from "../state/memory.js";
import { showAgain } from "../routing.js";
import { LIST_NAMES } from "./marks.js";
import { count, works } from "../words.js";

const MOST_BYTES = 20_000_000;
const MOST_SHOWN = 200;

/** @type {Node[]} */
let report = []; // what the last import found; it stays while the lists are shown anew

export function importPanel() {
  const outcome = h("div", { id: "import-outcome", role: "status" }, report);
  const input = h("input", { type: "file", id: "import-file", accept: ".csv,.json,text/csv,application/json", onchange: async () => {
    const [file] = input.files ?? [];
    if (!file) return;
    input.disabled = true;
    try {
      report = await importFile(file, (text) => outcome.replaceChildren(text));
      showAgain();
    } catch (error) {
      report = [];
      outcome.replaceChildren(h("p", { class: "notice-line" }, toTrouble(error).detail));
    }
    input.disabled = false;
    input.value = "";
  } });
  return h("section", { class: "keep", "aria-label": "Bring yours" },
    h("h2", { class: "part" }, "Bring yours"),
    h("p", {}, "Read a list that you exported from Goodreads (library export), Letterboxd (watched, watchlist, ratings), IMDb (ratings, watchlist) or from this page. "
      + "The file stays in this browser; the service is only asked which of its titles it has."),
    h("label", { for: "import-file" }, "A CSV or JSON file"), input, outcome);
}

/** @param {File} file @param {(text: string) => void} progress @returns {Promise<Node[]>} */
async function importFile(file, progress) {
  if (file.size > MOST_BYTES) throw new Error(`${file.name} is larger than ${MOST_BYTES / 1e6} MB.`);
  const { source, works: read, nLeftOut } = readImport(await file.text(), file.name);
  const foreign = read.filter(({ id }) => !id);
  const matched = await matchWorks(foreign, (nDone) => progress(`Looked up ${count(nDone)} of ${works(foreign.length)}`));
  const found = new Map(foreign.map((work, index) => /** @type {[ImportedWork, WorkReference | null]} */ ([work, matched[index] ?? null])));
  const pairs = read.map((work) => /** @type {[ImportedWork, WorkReference | null]} */ ([work, work.id ? /** @type {WorkReference} */ (work) : found.get(work) ?? null]));
  const known = (/** @type {(work: ImportedWork) => boolean} */ isMeant) => pairs.flatMap(([work, match]) => (match && isMeant(work) ? [match] : []));
  for (const list of LISTS) if (known((work) => work.list === list).length > 0) setListed(list, known((work) => work.list === list), true);
  if (known(({ loved }) => loved).length > 0) setLoved(known(({ loved }) => loved), true);
  const missing = pairs.filter(([, match]) => !match).map(([work]) => work);
  const parts = LISTS.map((list) => [known((work) => work.list === list).length, LIST_NAMES[list]]).filter(([n]) => n)
    .map(([n, name]) => `${count(Number(n))} ${name}`);
  const nLoved = known(({ loved }) => loved).length;
  const summary = `${count(pairs.length - missing.length)} of ${works(pairs.length)} of ${source} are in this catalogue`
    + `${parts.length > 0 ? `: ${parts.join(", ")}` : ""}${nLoved > 0 ? `; ${count(nLoved)} you love count for “For you”` : ""}.`;
  announce(summary);
  return /** @type {Node[]} */ (shown([
    h("p", { class: "notice-line" }, summary),
    nLeftOut > 0 && h("p", { class: "facts" }, `${count(nLeftOut)} lines are no films or books, and were left out.`),
    missing.length > 0 && h("details", {}, h("summary", {}, `${works(missing.length)} not found here`),
      h("ul", { class: "missing" }, missing.slice(0, MOST_SHOWN).map(({ title, year }) => h("li", { dir: "auto" }, year ? `${title} (${year})` : title)),
        missing.length > MOST_SHOWN && h("li", {}, `and ${works(missing.length - MOST_SHOWN)} more`))),
  ]));
}
