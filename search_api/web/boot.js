// Loaded before the first paint, so that the page shows neither another theme nor another view first.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("theme");
    if (theme) root.dataset.theme = theme;
  } catch { /* the browser forbids storage: its own preference decides */ }
  const given = new URLSearchParams(location.search);
  const has = (/** @type {string} */ name) => Boolean(given.get(name)?.trim());
  root.dataset.view = has("work") ? "work" : has("list") ? "list" : given.get("for") === "me" ? "profile"
    : has("q") || has("like") ? "answer" : "home";
  root.dataset.liked = String(has("like") || has("unlike"));
  // A link to an answer is asked for while the page's script is under way. `ask` in api.js takes what comes, if the page then
  // asks for the same; so only links are tried of which that is sure. With a key, the request would be refused.
  const certain = ["q", "kind", "genre", "value", "weight", "without", "like", "unlike", "sort"];
  let hasKey = true;
  try {
    hasKey = sessionStorage.getItem("evoke-api-key") !== null;
  } catch { /* no storage, no key: but rather ask once than twice */ }
  if (has("q") && root.dataset.view === "answer" && !hasKey && [...given].every(([name, value]) => certain.includes(name) && value.trim())) {
    const stop = new AbortController();
    const url = `v1/search?${new URLSearchParams([...given, ["limit", "10"], ["offset", "0"]])}`;
    const response = fetch(url, { signal: stop.signal });
    response.catch(() => {}); // `ask` says what failed
    window.begun = { url, stop, response };
  }
  // The newest of what the scripts and styles use. Browsers of two years back have it: Chrome 130, Firefox 132, Safari 18.1.
  const isNew = "groupBy" in Map && "any" in AbortSignal && CSS.supports("color", "light-dark(#000, #fff)");
  if (!isNew) root.dataset.old = "true";
})();
