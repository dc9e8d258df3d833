// Builds elements. Text becomes text nodes, so nothing from the server can turn into markup.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element with attributes, listeners (`onclick`) and children; those that are null or false are left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...shown(children.flat()));
  return element;
}

/**
 * The children that are to be seen.
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
export function shown(children) {
  return children.filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/**
 * The element with this id.
 * @param {string} id
 * @returns {any}
 */
export const byId = (id) => document.getElementById(id);

/**
 * Say a text to people who hear the page.
 * @param {string} text
 */
export function announce(text) {
  byId("announce").textContent = text;
}

/**
 * A link within the page, which does not reload it.
 * @param {URLSearchParams | Record<string, string>} params
 * @param {Record<string, any>} attributes
 * @param {...(Child | Child[])} children
 */
export const link = (params, attributes, ...children) =>
  h("a", { href: `?${new URLSearchParams(params)}`, "data-go": true, ...attributes }, ...children);

/**
 * Run a change of the page and give the focus back to the element of the same key, which the change may have replaced.
 * @param {HTMLElement} place
 * @param {() => void} change
 */
export function keepFocus(place, change) {
  const active = document.activeElement;
  const key = active instanceof HTMLElement && place.contains(active) ? active.dataset.key : null;
  change();
  if (key) /** @type {HTMLElement | null} */ (place.querySelector(`[data-key="${CSS.escape(key)}"]`))?.focus({ preventScroll: true });
}
