/**
 * A trace on TLBs as text: a row for each TLB and page size, what flushes there were, and sweeps and curves as tables
 * and plots.
 */
import type { TlbCurve, TlbResult, TlbRow, TlbSweep } from "../replay/tlb.js";
import { plotCurve, plotSweep } from "./tlb-plot.js";

/** How it is to look; what src/report/paint.ts has, of which three meanings are used. */
export interface TlbLook {
  readonly paint: (meaning: "title" | "head" | "quiet", text: string) => string;
  readonly width: number;
}

const SWEPT_WAYS = [1, 2, 3, 4, 6, 8, 12, 16];

export function formatTlb(result: TlbResult, look: TlbLook): string {
  const title = look.paint("title", `${result.source}: ${count(result.records)} records`);
  const parts = [title, rowsTable(result.results, look), ...cpuParts(result.results, look)];
  for (const sweep of result.sweeps) parts.push(formatSweep(sweep, look));
  for (const curve of result.curves) parts.push(formatCurve(curve, look));
  if (result.clipped > 0) parts.push(clippedText(result.clipped));
  if (result.cut !== undefined) parts.push(cutText(result.cut));
  return `${parts.join("\n\n")}\n`;
}

function clippedText(clipped: number): string {
  return `Accesses of more than 255 bytes count as 255: ${count(clipped)} of them.`;
}

/** Where the trace ends too early, on one line. */
export function cutText({ line, byte, what }: NonNullable<TlbResult["cut"]>): string {
  const place = line === undefined ? `byte ${count(byte ?? 0)}` : `line ${count(line)}`;
  return `The trace is cut at ${place} (${what}): the numbers hold for what comes before.`;
}

interface TlbColumn {
  readonly head: string;
  readonly cell: (row: TlbRow) => string;
  /** May be left out where there is no room: the higher, the sooner. */
  readonly spare?: number;
}

/** JSON has all of it; a table that is too wide leaves out what says least. */
function rowsTable(rows: readonly TlbRow[], look: TlbLook): string {
  let columns = columnsFor(rows);
  while (true) {
    const body = rows.map((row) => columns.map(({ cell }) => cell(row)));
    const text = drawTable(
      columns.map(({ head }) => head),
      body,
      2,
      look,
    );
    const spare = Math.max(0, ...columns.map((column) => column.spare ?? 0));
    if (spare === 0 || widthOf(columns, body) <= look.width) return text;
    columns = columns.filter((column) => column.spare !== spare);
  }
}

function columnsFor(rows: readonly TlbRow[]): TlbColumn[] {
  const levels = [...new Set(rows.flatMap((row) => row.levels.map((level) => level.name)))];
  const hasEvents = rows.some((row) => row.flushes + row.invalidations > 0);
  return [
    { head: "TLB", cell: (row) => row.tlb },
    { head: "pages", cell: (row) => row.pages },
    { head: "accesses", cell: (row) => count(row.accesses), spare: 2 },
    { head: "references", cell: (row) => count(row.references) },
    ...levels.flatMap((name): TlbColumn[] => [
      { head: `${name.toUpperCase()} misses`, cell: (row) => levelCells(row, name)[0] },
      { head: "rate", cell: (row) => levelCells(row, name)[1] },
    ]),
    // A walk for each miss of the last level.
    { head: "walk references", cell: (row) => count(row.walkReferences) },
    ...(hasEvents
      ? [
          { head: "flushes", cell: (row: TlbRow) => count(row.flushes) },
          { head: "invalidations", cell: (row: TlbRow) => count(row.invalidations) },
        ]
      : []),
    { head: "page tables", cell: (row) => count(row.tables), spare: 3 },
    { head: "M/s", cell: rate, spare: 1 },
  ];
}

function widthOf(columns: readonly TlbColumn[], body: readonly (readonly string[])[]): number {
  const widths = columns.map(({ head }, i) => Math.max(head.length, ...body.map((row) => (row[i] ?? "").length)));
  return widths.reduce((sum, width) => sum + width + 2, -2);
}

/** Misses, and their share of all references: not of those that reach the level. */
function levelCells(row: TlbRow, name: string): [string, string] {
  const level = row.levels.find((candidate) => candidate.name === name);
  return level === undefined ? ["-", "-"] : [count(level.misses), share(level.misses, row.references)];
}

function rate(row: TlbRow): string {
  return row.seconds > 0 ? (row.accesses / row.seconds / 1e6).toFixed(0) : "-";
}

function cpuParts(rows: readonly TlbRow[], look: TlbLook): string[] {
  return rows.flatMap((row) => {
    if (row.cpus === undefined || row.cpus.length < 2) return [];
    const body = row.cpus.map(({ cpu, references, misses }) => [
      `${cpu}`,
      count(references),
      count(misses),
      share(misses, references),
    ]);
    const title = look.paint("title", `${row.tlb}, ${row.pages}: by CPU`);
    return [`${title}\n${drawTable(["CPU", "references", "last-level misses", "rate"], body, 1, look)}`];
  });
}

/** Misses of every LRU geometry: a table by sets and ways, and the curve over the number of entries. */
export function formatSweep(sweep: TlbSweep, look: TlbLook): string {
  const title = look.paint(
    "title",
    `Every LRU TLB for ${sweep.pages} pages: misses of ${count(sweep.references)} references`,
  );
  const head = ["sets", ...SWEPT_WAYS.map((ways) => `${ways} ${ways === 1 ? "way" : "ways"}`)];
  const body = sweep.misses.map((line, bits) => [
    count(2 ** bits),
    ...SWEPT_WAYS.map((ways) => count(line[ways - 1] ?? 0)),
  ]);
  const note = look.paint("quiet", "All ways from 1 to 16 are in --json.");
  return [title, drawTable(head, body, 0, look), plotSweep(sweep, look.width), note].join("\n");
}

/** The miss curve: a table at powers of two, and a plot. */
function formatCurve(curve: TlbCurve, look: TlbLook): string {
  const { pages, references, points } = curve;
  const title = look.paint(
    "title",
    `Fully associative LRU TLBs for ${pages} pages: misses of ${count(references)} references`,
  );
  const cold = points.at(-1);
  const shown = points.filter((point) => Number.isInteger(Math.log2(point.entries)) || point === cold);
  const body = shown.map(({ entries, misses }) => [count(entries), count(misses), share(misses, references)]);
  const note = look.paint(
    "quiet",
    `${count(cold?.misses ?? 0)} pages miss once in a TLB of any size, or after a flush.`,
  );
  return [title, drawTable(["entries", "misses", "rate"], body, 0, look), plotCurve(curve, look.width), note].join(
    "\n",
  );
}

/** Columns from `numbersFrom` on are aligned to the right. */
export function drawTable(
  head: readonly string[],
  body: readonly (readonly string[])[],
  numbersFrom: number,
  look: TlbLook,
): string {
  const widths = head.map((text, column) => Math.max(text.length, ...body.map((row) => (row[column] ?? "").length)));
  const draw = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? "";
        return column < numbersFrom ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd();
  const rule = "-".repeat(
    Math.min(
      look.width,
      widths.reduce((sum, width) => sum + width + 2, -2),
    ),
  );
  return [look.paint("head", draw(head)), rule, ...body.map(draw)].join("\n");
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

function share(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(part * 1000 < whole ? 4 : 2)} %`;
}
