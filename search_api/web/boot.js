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
  // The newest of what the scripts and styles use. Browsers of two years back have it: Chrome 130, Firefox 132, Safari 18.1.
  const isNew = "groupBy" in Map && "any" in AbortSignal && CSS.supports("color", "light-dark(#000, #fff)");
  if (!isNew) root.dataset.old = "true";
})();
