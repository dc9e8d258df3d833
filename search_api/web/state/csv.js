// Tables of comma-separated values, read and written as RFC 4180 has them. Pure.

/**
 * The rows of a table as objects by column. Reads quotes, line ends within quotes, a byte order mark, and columns that are
 * separated by commas, semicolons or tabs.
 * @param {string} text
 * @returns {Record<string, string>[]}
 */
export function readTable(text) {
  const bare = text.replace(/^\uFEFF/, "");
  const [columns, ...rows] = readRows(bare, separatorOf(bare));
  if (!columns) return [];
  const names = columns.map((column) => column.trim());
  return rows.filter((row) => row.some((field) => field.trim()))
    .map((row) => Object.fromEntries(names.map((name, index) => [name, (row[index] ?? "").trim()])));
}

/** The separator that the first line has most of. @param {string} text */
function separatorOf(text) {
  const line = (text.match(/^[^\r\n]*/)?.[0] ?? "").replace(/"[^"]*"/g, "");
  const counted = [",", ";", "\t"].map((separator) => /** @type {[string, number]} */ ([separator, line.split(separator).length]));
  return counted.sort((a, b) => b[1] - a[1])[0]?.[0] ?? ",";
}

/** @param {string} text @param {string} separator @returns {string[][]} */
function readRows(text, separator) {
  /** @type {string[][]} */
  const rows = [];
  /** @type {string[]} */
  let row = [];
  let field = "";
  let isQuoted = false;
  const endRow = () => {
    rows.push([...row, field]);
    row = [];
    field = "";
  };
  for (let at = 0; at < text.length; at += 1) {
    const each = text[at] ?? "";
    if (isQuoted) {
      if (each !== '"') field += each;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else isQuoted = false;
    } else if (each === '"' && field.trim() === "") {
      isQuoted = true;
      field = "";
    } else if (each === separator) {
      row.push(field);
      field = "";
    } else if (each === "\n" || each === "\r") {
      if (each === "\r" && text[at + 1] === "\n") at += 1;
      endRow();
    } else field += each;
  }
  if (field || row.length > 0) endRow();
  return rows;
}

/**
 * A table as text. A text that a spreadsheet would take for a formula begins with an apostrophe.
 * @param {string[]} columns
 * @param {(string | number | undefined)[][]} rows
 */
export function writeTable(columns, rows) {
  const field = (/** @type {string | number | undefined} */ value) => {
    const text = String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&");
    return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(field).join(",")).join("\r\n").concat("\r\n");
}
