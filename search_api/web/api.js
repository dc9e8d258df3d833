// Requests to the service. Every failure becomes a Trouble, which the page can show.

const KEY = "evoke-api-key";

export class Trouble extends Error {
  constructor(title, detail, status = 0) {
    super(detail);
    Object.assign(this, { title, detail, status });
  }
}

export const rememberKey = (key) => sessionStorage.setItem(KEY, key);
export const hasKey = () => sessionStorage.getItem(KEY) !== null;

/** The JSON at a path under /v1. Throws Trouble, or AbortError when `signal` aborts. */
export async function ask(path, params = new URLSearchParams(), signal = undefined) {
  const key = sessionStorage.getItem(KEY);
  let response;
  try {
    response = await fetch(`v1/${path}?${params}`, { signal, headers: key ? { "X-API-Key": key } : {} });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw navigator.onLine
      ? new Trouble("Evoke cannot be reached", "The service did not answer. It may be starting, or stopped.")
      : new Trouble("You are offline", "Evoke answers again when the connection is back.");
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  throw new Trouble(body?.title ?? "Something went wrong", body?.detail ?? "The answer could not be read.", response.status);
}
