// The search box as a combobox (ARIA 1.2): suggests titles while one types, chosen by arrow keys or a click.

import { h } from "../dom.js";
import { kindName, titleFragment } from "../words.js";

const PAUSE_MS = 120;
const FEWEST = 2;
const MOST = 60; // longer text is a description, not the beginning of a title

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} list
 * @param {(text: string, signal: AbortSignal) => Promise<WorkReference[]>} find
 * @param {(head: string, work: WorkReference) => void} choose called with the text before the title, and the chosen work
 */
export function combobox(input, list, find, choose) {
  let active = -1;
  let timer = 0;
  let asking = new AbortController();
  /** @type {(() => void)[]} */
  let picks = [];

  const close = () => {
    clearTimeout(timer);
    asking.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const activate = (/** @type {number} */ index) => {
    const options = [...list.children];
    active = (index + options.length + 1) % (options.length + 1); // one past the last option: the box itself
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
    const option = options[active];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };

  const show = (/** @type {string} */ head, /** @type {WorkReference[]} */ works) => {
    picks = works.map((work) => () => {
      close();
      choose(head, work);
    });
    list.replaceChildren(...works.map((work, index) => h("li", {
      role: "option", id: `suggestion-${index}`, "aria-selected": "false",
      // mousedown, not click: before a click the box would lose the focus and close the list
      onmousedown: (/** @type {Event} */ event) => {
        event.preventDefault();
        picks[index]?.();
      },
    }, h("span", { class: "title", dir: "auto" }, work.title), " ",
    h("span", { class: "facts" }, [work.kind && kindName(work.kind), work.year].filter(Boolean).join(", ")))));
    list.hidden = works.length === 0;
    active = -1;
    input.setAttribute("aria-expanded", String(works.length > 0));
    input.removeAttribute("aria-activedescendant");
  };

  const suggest = async () => {
    const { head, fragment } = titleFragment(input.value.trim());
    if (fragment.length < FEWEST || fragment.length > MOST) {
      close();
      return;
    }
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const works = await find(fragment, signal);
      if (!signal.aborted && document.activeElement === input) show(head, works);
    } catch {
      if (!signal.aborted) close(); // the box searches without suggestions too
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, PAUSE_MS);
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const isOpen = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) suggest();
      else activate(event.key === "ArrowDown" ? active + 1 : active - 1 < -1 ? list.children.length - 1 : active - 1);
    } else if (event.key === "Escape") {
      event.preventDefault(); // else a search box empties itself
      if (isOpen) close();
      else input.select();
    } else if (event.key === "Enter" && isOpen && list.children[active]) {
      event.preventDefault();
      picks[active]?.();
    }
  });
  return { close };
}
