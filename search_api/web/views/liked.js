// The works that the request wants others to be like, as chips beside the box.

import { loadWork } from "../state/catalogue.js";
import { go } from "../routing.js";
import { byId, h } from "../dom.js";
import { chooseWork } from "./choosing.js";
import { without } from "../state/address.js";
import { workName } from "../words.js";

/** The parameters with one work less. @param {URLSearchParams} params @param {string} name @param {string} id */
const lessOne = (params, name, id) => new URLSearchParams([...without(params, ["shown"])].filter(([key, value]) => key !== name || value !== id));

/**
 * @param {URLSearchParams} params
 * @param {AbortSignal} signal
 * @param {Promise<void>} searched the titles are asked for after the search, which comes first
 */
export function showLiked(params, signal, searched) {
  const place = byId("liked");
  const given = [...params].filter(([name]) => name === "like" || name === "unlike");
  document.documentElement.dataset.liked = String(given.length > 0);
  if (given.length === 0) {
    place.replaceChildren();
    return;
  }
  const add = h("button", { type: "button", class: "chip add", onclick: async () => {
    const work = await chooseWork("Which other work do you like?");
    if (work) go(new URLSearchParams([...lessOne(params, "like", work.id), ["like", work.id]]));
  } }, "+ another work");
  place.replaceChildren(...given.map(([name, id]) => chipFor(params, name, id, signal, searched)), h("li", {}, add));
}

/**
 * @param {URLSearchParams} params
 * @param {string} name
 * @param {string} id
 * @param {AbortSignal} signal
 * @param {Promise<void>} searched
 */
function chipFor(params, name, id, signal, searched) {
  const label = h("button", { type: "button", class: "change", onclick: async () => {
    const work = await loadWork(id).catch(() => null);
    const chosen = await chooseWork("Which work do you mean?", work?.title ?? "");
    if (chosen) go(new URLSearchParams([...lessOne(params, name, id), [name, chosen.id]]));
  } }, `${name} …`);
  const remove = h("button", { type: "button", class: "remove", "aria-label": "Leave it out", onclick: () => go(lessOne(params, name, id)) }, "×");
  searched.then(() => loadWork(id, signal)).then((work) => {
    label.replaceChildren(`${name} ${workName(work)}`, h("span", { class: "unseen" }, ", choose another"));
    remove.setAttribute("aria-label", `Leave out "${name} ${workName(work)}"`);
  }, () => {
    if (!signal.aborted) label.textContent = `${name} a work that could not be read`;
  });
  return h("li", {}, h("span", { class: `chip taken${name === "unlike" ? " unwanted" : ""}` }, label, remove));
}
