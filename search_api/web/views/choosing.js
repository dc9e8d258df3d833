// A dialog to choose a work by its title, kind and year.

import { suggestTitles } from "../state/catalogue.js";
import { toTrouble } from "../api.js";
import { h, link } from "../dom.js";
import { kindName } from "../words.js";

const PAUSE_MS = 150;

/**
 * Ask for a work. Resolves to null if the person chooses none.
 * @param {string} question
 * @param {string} [title] to begin with
 * @returns {Promise<WorkReference | null>}
 */
export function chooseWork(question, title = "") {
  return new Promise((resolve) => {
    /** @type {WorkReference | null} */
    let chosen = null;
    let timer = 0;
    const list = h("ul", { class: "choices" });
    const input = h("input", { type: "search", id: "choose-title", value: title, autocomplete: "off", autocapitalize: "off", spellcheck: "false",
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(find, PAUSE_MS);
      } });
    const status = h("p", { class: "aside", role: "status" });
    const dialog = h("dialog", { class: "choosing", "aria-labelledby": "choose-question" },
      h("form", { method: "dialog" },
        h("h2", { id: "choose-question" }, question),
        h("label", { for: "choose-title" }, "Title"), input, list, status,
        h("button", { type: "submit", class: "plain" }, "Cancel")));

    const find = async () => {
      const text = input.value.trim();
      try {
        const found = text ? await suggestTitles(text) : [];
        list.replaceChildren(...found.map((work) => h("li", {}, h("button", { type: "button", onclick: () => {
          chosen = work;
          dialog.close();
        } }, h("span", { class: "title", dir: "auto" }, work.title), " ", h("span", { class: "facts" }, factsOf(work))))));
        status.textContent = text && found.length === 0 ? "No title resembles this" : "";
      } catch (error) {
        status.textContent = toTrouble(error).title;
      }
    };
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(chosen);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return; // else it would submit the form, and choose nothing
      event.preventDefault();
      list.querySelector("button")?.click();
    });
    document.body.append(dialog);
    dialog.showModal();
    find();
  });
}

/** @param {WorkReference} work */
const factsOf = ({ kind, year }) => [kind && kindName(kind), year].filter(Boolean).join(", ");

/**
 * A work as a chip that can be removed.
 * @param {WorkReference} work
 * @param {string} label
 * @param {() => void} remove
 * @param {{ unwanted?: boolean }} [options]
 */
export function workChip(work, label, remove, { unwanted = false } = {}) {
  return h("li", {}, h("span", { class: `chip taken${unwanted ? " unwanted" : ""}` },
    link({ work: work.id }, {}, label),
    h("button", { type: "button", class: "remove", "aria-label": `Leave out "${label}"`, onclick: remove }, "×")));
}
