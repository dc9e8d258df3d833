// The browser's storage. It may be forbidden, full or damaged: then the page goes on, and says so.

/**
 * A storage that never throws: `get` returns null, and `set` and `remove` return whether they worked.
 * @param {() => Storage} open
 */
function safe(open) {
  /**
   * @template T
   * @param {(storage: Storage) => T} use
   * @param {T} otherwise
   */
  const attempt = (use, otherwise) => {
    try {
      return use(open());
    } catch {
      return otherwise;
    }
  };
  return {
    get: (/** @type {string} */ key) => attempt((storage) => storage.getItem(key), null),
    set: (/** @type {string} */ key, /** @type {string} */ value) => attempt((storage) => {
      storage.setItem(key, value);
      return true;
    }, false),
    remove: (/** @type {string} */ key) => attempt((storage) => {
      storage.removeItem(key);
      return true;
    }, false),
  };
}

/** What stays in the browser. */
export const browser = safe(() => localStorage);
/** What goes with the tab. */
export const tab = safe(() => sessionStorage);
