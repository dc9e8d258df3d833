// The buttons by which a person keeps a work: save, seen, not for me, and "like this".

import { go, address } from "../routing.js";
import { announce, h } from "../dom.js";
import { isListed, onMemoryChange, setListed } from "../state/memory.js";
import { toggled, without } from "../state/address.js";

/** @type {[ListName, string, string][]} */
const MARKS = [["saved", "Save", "Saved"], ["seen", "Seen", "Seen"], ["refused", "Not for me", "Not for me"]];
/** What the page calls each list. @type {Record<ListName, string>} */
export const LIST_NAMES = { saved: "saved", seen: "seen", refused: "not for me" };

/**
 * @param {WorkReference & { values?: WorkValue[] }} work
 */
export function markButtons(work) {
  return MARKS.map(([list, off, on]) => {
    const button = h("button", { class: "mark", type: "button", "data-list": list, "data-work": work.id,
      onclick: () => {
        const pressed = !isListed(list, work.id);
        setListed(list, [work], pressed);
        announce(`${work.title}: ${pressed ? "" : "no longer "}${LIST_NAMES[list]}`);
      } });
    const label = h("span", {});
    button.append(h("span", { class: `icon ${list}`, "aria-hidden": "true" }), label, h("span", { class: "unseen" }, ` ${work.title}`));
    button.addEventListener("evoke:mark", () => {
      const pressed = isListed(list, work.id);
      button.setAttribute("aria-pressed", String(pressed));
      label.textContent = pressed ? on : off;
    });
    button.dispatchEvent(new CustomEvent("evoke:mark"));
    return button;
  });
}

/** Show on all buttons what the lists have. */
export function followMemory() {
  onMemoryChange(() => {
    for (const button of document.querySelectorAll("button.mark")) button.dispatchEvent(new CustomEvent("evoke:mark"));
  });
}

/**
 * The button that asks for works like this one, too.
 * @param {WorkReference} work
 */
export function plusButton(work) {
  const isLiked = address().getAll("like").includes(work.id);
  return h("button", { class: "plus", type: "button", "aria-pressed": String(isLiked), "data-key": `plus ${work.id}`,
    title: isLiked ? "No longer ask for works like this" : "Ask for works like this, too",
    onclick: () => {
      const params = toggled(without(address(), ["work", "list", "for"]), "like", work.id);
      go(params, { top: true });
    } },
  h("span", { "aria-hidden": "true" }, isLiked ? "− " : "+ "), isLiked ? "Not like" : "Like", h("span", { class: "unseen" }, ` ${work.title}`));
}
