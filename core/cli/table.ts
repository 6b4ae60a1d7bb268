/**
 * Rows as columns of equal width, two spaces apart, each line indented by two.
 * Columns that are empty in all rows are left out with their heading; an empty cell is a dash.
 * Ends with a line break.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = headings.map((_, column) => column).filter((column) => rows.some((row) => row[column]));
  const lines = [headings, ...rows].map((row) => shown.map((column) => row[column] || "-"));
  const widths = shown.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) => "  " + line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  "))
    .map((line) => line.trimEnd() + "\n")
    .join("");
}
