// The search box as a combobox (ARIA 1.2): suggests titles while one types, chosen by arrow keys or a click.

import { h } from "./dom.js";
import { kindName, titleFragment } from "./words.js";

const PAUSE_MS = 120;
const FEWEST = 2;
const MOST = 60; // longer text is a description, not the beginning of a title

/**
 * @param find from a text and an abort signal to suggestions
 * @param choose called with the text of the box after a choice
 */
export function combobox(input, list, find, choose) {
  let active = -1;
  let timer = 0;
  let asking = new AbortController();

  const close = () => {
    clearTimeout(timer);
    asking.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const activate = (index) => {
    const options = [...list.children];
    active = (index + options.length + 1) % (options.length + 1); // one past the last option: the box itself
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
    if (options[active]) {
      input.setAttribute("aria-activedescendant", options[active].id);
      options[active].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };

  const show = (head, works) => {
    const pick = (work) => {
      close();
      choose(head + work.title);
    };
    list.replaceChildren(...works.map((work, index) => h("li", {
      role: "option", id: `suggestion-${index}`, "aria-selected": "false",
      // mousedown, not click: before a click the box would lose the focus and close the list
      onmousedown: (event) => { event.preventDefault(); pick(work); },
    }, h("span", { class: "title" }, work.title),
    h("span", { class: "facts" }, [work.kind && kindName(work.kind), work.year].filter(Boolean).join(", ")))));
    [...list.children].forEach((option, index) => { option.pick = () => pick(works[index]); });
    list.hidden = works.length === 0;
    active = -1;
    input.setAttribute("aria-expanded", String(works.length > 0));
    input.removeAttribute("aria-activedescendant");
  };

  const suggest = async () => {
    const { head, fragment } = titleFragment(input.value.trim());
    if (fragment.length < FEWEST || fragment.length > MOST) return close();
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const works = await find(fragment, signal);
      if (!signal.aborted && document.activeElement === input) show(head, works);
    } catch {
      close(); // the box searches without suggestions too
    }
    return undefined;
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
      list.children[active].pick();
    }
  });
  return { close };
}
