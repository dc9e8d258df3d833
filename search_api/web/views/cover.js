// A work's cover: drawn from its title and values. A picture comes from the service itself, and only where it has some.

import * as facts from "../facts.js";
import { facetOf } from "../state/catalogue.js";
import { h } from "../dom.js";

const PRIMARY = .25; // weaker values would give every cover the same colours

/**
 * @param {WorkReference & { values?: WorkValue[] }} work
 */
export function cover(work) {
  const drawn = h("div", { class: "cover", "aria-hidden": "true" }, h("span", { dir: "auto" }, work.title));
  drawn.style.backgroundImage = gradient(work.values ?? []);
  if (facts.COVERS) {
    const picture = h("img", { src: `covers/${encodeURIComponent(work.id)}`, alt: "", loading: "lazy", decoding: "async",
      onerror: () => picture.remove() });
    drawn.append(picture);
  }
  return drawn;
}

/**
 * Bands of colour, one for each value, as wide as the value is strong.
 * @param {WorkValue[]} values
 */
function gradient(values) {
  const strong = values.filter(({ id, score }) => score >= PRIMARY && facetOf(id)).slice(0, 6);
  const whole = strong.reduce((sum, { score }) => sum + score, 0);
  if (whole === 0) return "";
  let from = 0;
  const stops = strong.map(({ id, score }) => {
    const middle = (from + score / 2) / whole * 100;
    from += score;
    return `color-mix(in oklab, var(--${facetOf(id)}) ${Math.round(35 + score * 45)}%, var(--deep)) ${middle.toFixed(0)}%`;
  });
  return stops.length === 1 ? `linear-gradient(165deg, ${stops[0]}, var(--deep))` : `linear-gradient(165deg, ${stops.join(", ")})`;
}
