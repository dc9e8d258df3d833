// Requests to the service. Every failure becomes a Trouble, which the page can show.

import { tab } from "./state/storage.js";

const KEY = "evoke-api-key";
const LONGEST_MS = 15_000;
const SOON_S = 2; // a service that is only busy says to ask again after a second
const MOST_TRIES = 3;

export class Trouble extends Error {
  /**
   * @param {string} title
   * @param {string} detail
   * @param {number} [status] of the answer; 0 without one
   */
  constructor(title, detail, status = 0) {
    super(detail);
    this.title = title;
    this.detail = detail;
    this.status = status;
  }

  /** Whether the same request would be refused again. */
  get isRefusal() {
    return [400, 404, 405, 413, 422].includes(this.status);
  }
}

/** @param {string} key */
export const rememberKey = (key) => tab.set(KEY, key);
export const hasKey = () => tab.get(KEY) !== null;

/**
 * The JSON that the service answers.
 * @param {ServiceRequest} request
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {Trouble} and an AbortError when `signal` aborts
 */
export async function ask({ path, params, body }, signal) {
  const key = tab.get(KEY);
  const late = AbortSignal.timeout(LONGEST_MS);
  const headers = { ...(key ? { "X-API-Key": key } : {}), ...(body ? { "Content-Type": "application/json" } : {}) };
  const url = `v1/${path}${params?.size ? `?${params}` : ""}`;
  const until = signal ? AbortSignal.any([signal, late]) : late;
  const fetchOnce = () => takeBegun(url, until) ?? fetch(url, {
    signal: until,
    headers,
    ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
  });
  try {
    let response = await fetchOnce();
    for (let tries = 1; tries < MOST_TRIES && isBusy(response); tries += 1) {
      await new Promise((resolve) => { setTimeout(resolve, waitSeconds(response) * 1000); });
      response = await fetchOnce();
    }
    return await read(response);
  } catch (error) {
    if (error instanceof Trouble || signal?.aborted) throw error;
    if (late.aborted) throw new Trouble("This takes too long", `The service gave no answer within ${LONGEST_MS / 1000} seconds.`);
    throw navigator.onLine
      ? new Trouble("Evoke cannot be reached", "The service did not answer. It may be starting, or stopped.")
      : new Trouble("You are offline", "Evoke answers again when the connection is back.");
  }
}

/**
 * The answer that `boot.js` asked for, once, if it is the one that is wanted.
 * @param {string} url
 * @param {AbortSignal} until
 */
function takeBegun(url, until) {
  const { begun } = window;
  delete window.begun;
  if (begun?.url !== url) {
    begun?.stop.abort();
    return null;
  }
  until.addEventListener("abort", () => begun.stop.abort());
  return begun.response;
}

/** @param {Response} response */
const waitSeconds = (response) => Number(response.headers.get("Retry-After") ?? Infinity);

/** Whether a service refuses a request only for the moment. @param {Response} response */
const isBusy = (response) => [429, 503].includes(response.status) && waitSeconds(response) <= SOON_S;

/** @param {Response} response */
async function read(response) {
  const text = await response.text();
  let body = null;
  try {
    body = JSON.parse(text);
  } catch { /* said below */ }
  if (response.ok && body !== null) return body;
  throw new Trouble(body?.title ?? "Something went wrong", body?.detail ?? "The answer could not be read.", response.status);
}

/**
 * Any failure as a Trouble.
 * @param {unknown} error
 * @returns {Trouble}
 */
export function toTrouble(error) {
  if (error instanceof Trouble) return error;
  return new Trouble("Something went wrong on this page", error instanceof Error ? error.message : String(error));
}

/**
 * Whether a failure only says that nobody waits for the answer any more.
 * @param {unknown} error
 */
export const isAborted = (error) => error instanceof DOMException && error.name === "AbortError";
