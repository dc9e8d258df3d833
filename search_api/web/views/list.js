// The person's lists: what is saved, seen and refused, exports, imports, and "forget me".

import { byId, announce, h, keepFocus, link, shown } from "../dom.js";
import { cover } from "./cover.js";
import { download, toCsv, toJson } from "../state/exports.js";
import { importPanel } from "./importing.js";
import { LISTS, amount, amountOfWorks, bringBack, forgetAll, listed, memoryTrouble, onMemoryChange, profile, setListed, wholeMemory } from "../state/memory.js";
import { browser } from "../state/storage.js";
import { LIST_NAMES } from "./marks.js";
import { address, showAgain } from "../routing.js";
import { count, kindName, works } from "../words.js";

/** @type {Record<ListName, string>} */
const TITLES = { saved: "Saved", seen: "Seen", refused: "Not for me" };
/** @type {Record<ListName, string>} */
const EMPTY = {
  saved: "Nothing is saved yet. “Save” on a work puts it here.",
  seen: "Nothing is marked as seen yet. What is here can be left out of answers.",
  refused: "Nothing is marked as “Not for me”. What is here can be left out of answers, and recommendations avoid what is like it.",
};

/** @param {URLSearchParams} params */
const listName = (params) => LISTS.find((name) => name === params.get("list")) ?? "saved";

/** @param {URLSearchParams} params */
export function showList(params) {
  const name = listName(params);
  const place = /** @type {HTMLElement} */ (byId("list-view"));
  document.title = `${TITLES[name]} · Evoke`;
  const found = listed(name);
  keepFocus(place, () => place.replaceChildren(...shown([
    h("h1", { tabindex: "-1" }, "Your list"),
    h("nav", { class: "tabs", "aria-label": "Lists" }, LISTS.map((each) =>
      link({ list: each }, { class: "chip", "aria-current": each === name && "page" }, TITLES[each], h("span", { class: "count" }, ` ${listed(each).length}`)))),
    memoryTrouble() && h("p", { class: "notice-line", role: "alert" }, memoryTrouble()),
    found.length === 0 ? h("p", { class: "empty" }, EMPTY[name]) : h("ul", { class: "listed" }, found.map((work) => row(work, name))),
    h("section", { class: "keep", "aria-label": "Take it with you" },
      h("h2", { class: "part" }, "Take it with you"),
      h("p", {}, "Your lists are in this browser only. Nobody else can read them, and no service keeps them."),
      h("div", { class: "buttons" },
        h("button", { type: "button", class: "plain", onclick: () => exportTo("evoke.json", "application/json", toJson(wholeMemory())) }, "Export as JSON"),
        h("button", { type: "button", class: "plain", onclick: () => exportTo("evoke.csv", "text/csv;charset=utf-8", toCsv(wholeMemory())) }, "Export as CSV")),
      h("p", { id: "export-outcome", role: "status" })),
    importPanel(),
    forgetPanel(),
  ])));
}

/**
 * Hand the lists over as a file, and say what it has.
 * @param {string} name
 * @param {string} type
 * @param {string} text
 */
function exportTo(name, type, text) {
  download(name, type, text);
  const parts = [...LISTS.map((list) => /** @type {[number, string]} */ ([listed(list).length, LIST_NAMES[list]])),
    /** @type {[number, string]} */ ([profile().loved.length, "you love"])];
  const named = parts.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`).join(", ");
  byId("export-outcome").textContent = `${name} has ${works(amountOfWorks())}${named && `: ${named}`}.`;
}

/** @param {ListedWork} work @param {ListName} name */
function row(work, name) {
  return h("li", {}, cover(work),
    h("div", {}, h("h2", {}, link({ work: work.id }, { dir: "auto" }, work.title)),
      h("p", { class: "facts" }, [work.kind && kindName(work.kind), work.year].filter(Boolean).join(" · "))),
    h("button", { type: "button", class: "plain", "data-key": work.id, onclick: () => {
      setListed(name, [work], false);
      announce(`${work.title} was taken out`);
      showAgain();
    } }, "Take out", h("span", { class: "unseen" }, ` ${work.title}`)));
}

/** @type {{ memory: Memory, theme: string | undefined } | null} */
let forgotten = null; // what was deleted last: it can be brought back until something else is kept

function forgetPanel() {
  return h("section", { class: "keep", "aria-label": "Forget me" },
    h("h2", { class: "part" }, "Forget me"),
    h("p", {}, "Delete your lists, your profile and your choice of colours from this browser."),
    forgotten
      ? h("p", { class: "notice-line", role: "status" }, "Everything was deleted. ", h("button", { type: "button", class: "quiet", onclick: undo }, "Undo"))
      : h("button", { type: "button", class: "plain danger", onclick: forget }, "Forget me …"));
}

function undo() {
  if (!forgotten) return;
  const { memory, theme } = forgotten;
  if (theme) {
    document.documentElement.dataset.theme = theme;
    browser.set("theme", theme);
  }
  bringBack(memory);
  announce("Your lists are back");
}

function forget() {
  const n = amount();
  const dialog = h("dialog", { "aria-labelledby": "forget-title" }, h("form", { method: "dialog" },
    h("h2", { id: "forget-title" }, "Forget everything?"),
    h("p", {}, `This deletes your lists, your profile and your choice of colours from this browser: ${n} ${n === 1 ? "entry" : "entries"}. You can undo it until you close or reload this page.`),
    h("div", { class: "buttons" },
      h("button", { type: "submit", value: "forget", class: "press" }, "Forget me"), h("button", { type: "submit", value: "", class: "plain" }, "Cancel"))));
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "forget") {
      const before = { memory: wholeMemory(), theme: document.documentElement.dataset.theme };
      delete document.documentElement.dataset.theme;
      forgetAll();
      forgotten = before;
      announce("Everything was deleted");
      showAgain();
    }
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** Show in the head how many works are saved. */
export function followList() {
  const update = () => {
    const n = listed("saved").length;
    byId("list-link").textContent = n > 0 ? `Your list (${n})` : "Your list";
    byId("storage-trouble").textContent = memoryTrouble();
    byId("storage-trouble").hidden = memoryTrouble() === "";
    const params = address();
    if (params.has("list")) showList(params);
  };
  onMemoryChange(() => {
    forgotten = null;
    update();
  });
  update();
}
