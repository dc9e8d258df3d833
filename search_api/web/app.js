// The page: shows the view that the address names, and what all views share.

import { hasKey, rememberKey } from "./api.js";
import { filtersOf, viewOf, without } from "./state/address.js";
import { loadAttributions, suggestTitles } from "./state/catalogue.js";
import { byId, h } from "./dom.js";
import { forgetAnswer, installAnswer, settleAnswer, showAnswerView } from "./views/answer.js";
import { installSheet } from "./views/filters.js";
import { showHome } from "./views/home.js";
import { followList, showList } from "./views/list.js";
import { followMemory } from "./views/marks.js";
import { loadMemory, onMemoryChange } from "./state/memory.js";
import { installProfile, showProfile } from "./views/profile.js";
import { address, go, showAgain, startRouting } from "./routing.js";
import { browser } from "./state/storage.js";
import { combobox } from "./views/suggest.js";
import { troubleLine } from "./views/trouble.js";
import { showWork } from "./views/work.js";
import { wishOf } from "./words.js";

const input = /** @type {HTMLInputElement} */ (byId("q"));
let running = new AbortController();

/** @type {Record<string, (params: URLSearchParams, signal: AbortSignal) => Promise<void> | void>} */
const VIEWS = { home: showHome, answer: showAnswerView, work: showWork, list: showList, profile: showProfile };

/** Show what the address names. */
async function show() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const params = address();
  const view = viewOf(params);
  suggestions.close();
  settleAnswer();
  input.value = params.get("q") ?? "";
  document.documentElement.dataset.view = view;
  if (view !== "answer") document.documentElement.dataset.liked = "false";
  await VIEWS[view]?.(params, signal);
  if (!signal.aborted) showNotices();
}

/** The notices of the sources. They are asked for after the view, and again with the next one if that fails. */
async function showNotices() {
  try {
    const notices = await loadAttributions();
    byId("attributions").replaceChildren(...notices.map((notice) => h("li", {}, notice)));
    byId("catalogue").hidden = notices.length === 0;
  } catch {
    byId("attributions").replaceChildren(h("li", {}, troubleLine("The notices of the sources could not be read.", showNotices)));
    byId("catalogue").hidden = false;
  }
}

function askForKey() {
  const dialog = /** @type {HTMLDialogElement} */ (byId("key-dialog"));
  byId("key-note").textContent = hasKey()
    ? "That key is wrong. Try another." : "It is kept in this tab only, until you close it.";
  if (!dialog.open) dialog.showModal();
}

const suggestions = combobox(input, byId("suggestions"), suggestTitles, (head, work) => {
  if (!head) {
    go({ work: work.id }, { top: true });
    return;
  }
  // The chosen work is asked for by its id, since another may have the same title.
  const { name, rest } = wishOf(head);
  const others = without(address(), ["q", "without", "weight", "shown", "work", "list", "for"]);
  go(new URLSearchParams([...(rest ? [["q", rest]] : []), ...others, [name, work.id]]), { top: true });
});

byId("ask").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const text = input.value.trim();
  const params = address();
  const isAnswer = viewOf(params) === "answer";
  // The filters stay, and the works to be like; corrections of the old words do not apply to the new ones.
  const kept = isAnswer ? [...params].filter(([name]) => ["like", "unlike", "hide", "sort"].includes(name)) : [];
  const next = new URLSearchParams([["q", text], ...(isAnswer ? filtersOf(params) : []), ...kept]);
  forgetAnswer(next); // asked again on purpose: get a fresh answer
  if (text) go(next, { top: true });
});

byId("key-dialog").addEventListener("close", () => {
  const key = byId("key").value.trim();
  byId("key").value = "";
  if (!key) return;
  rememberKey(key);
  showAgain();
});
document.addEventListener("evoke:trouble", (event) => {
  const trouble = /** @type {CustomEvent<import("./api.js").Trouble>} */ (event).detail;
  if (trouble.status === 401) askForKey();
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof Element && event.target.matches("input, textarea, select");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || isTyping || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  input.focus();
  input.select();
});

function showTheme() {
  const chosen = document.documentElement.dataset.theme;
  const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = isDark ? "Light colours" : "Dark colours";
  byId("theme").title = name;
  byId("theme").firstElementChild.textContent = name;
  return isDark;
}
byId("theme").addEventListener("click", () => {
  const theme = showTheme() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  browser.set("theme", theme);
  showTheme();
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);

addEventListener("online", () => document.querySelector(".trouble, .trouble-line") && showAgain());
loadMemory();
installAnswer();
installSheet();
installProfile();
followMemory();
followList();
onMemoryChange(showTheme); // "Forget me" forgets the colours, too
showTheme();
startRouting(show);
