/**
 * Tables in Markdown, with columns that line up where they are read as text.
 *
 * @module
 */

/**
 * Renders a table.
 *
 * @param rows Cells, the head's first; as many in each row.
 */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) =>
    Math.max(...rows.map((cells) => [...cells[column]!].length))
  );
  function line(cells: readonly string[]): string {
    const padded = cells.map((cell, column) =>
      cell + " ".repeat(widths[column]! - [...cell].length)
    );
    return `| ${padded.join(" | ")} |\n`;
  }
  return line(head) + line(widths.map((width) => "-".repeat(width))) + body.map(line).join("");
}
