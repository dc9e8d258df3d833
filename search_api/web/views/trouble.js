// What failed, in its own place, with a way on.

import { h } from "../dom.js";

/**
 * @param {import("../api.js").Trouble} trouble
 * @param {() => void} retry
 * @param {Child | Child[]} [otherwise] what to do instead of a request that would be refused again
 */
export const troubleNotice = (trouble, retry, otherwise = []) => h("div", { class: "notice trouble", role: "alert" },
  h("h2", {}, trouble.title),
  h("p", {}, trouble.detail),
  trouble.isRefusal ? otherwise : h("button", { type: "button", class: "press", onclick: retry }, "Try again"));

/**
 * A short line for what is beside the answer.
 * @param {string} text
 * @param {() => void} retry
 */
export const troubleLine = (text, retry) => h("p", { class: "trouble-line" }, text, " ",
  h("button", { type: "button", class: "quiet", onclick: retry }, "Ask again"));

/** @typedef {import("../dom.js").Child} Child */
