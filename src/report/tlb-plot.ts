/**
 * Misses over the number of entries as text, both logarithmic: a sweep, with a letter for each associativity, or a
 * miss curve.
 *
 * The lower a letter, the better the TLB; where letters meet, the one with the fewest ways is shown, for it is the
 * cheapest that does as well.
 */
import type { TlbCurve, TlbSweep } from "../replay/tlb.js";

const MARKS: readonly (readonly [ways: number, mark: string])[] = [
  [1, "1"],
  [2, "2"],
  [4, "4"],
  [8, "8"],
  [16, "x"],
];
const ROWS = 14;
const LABEL_WIDTH = 10;
const COLUMN_WIDTH_MAX = 6;

interface Point {
  readonly entries: number;
  readonly misses: number;
  readonly mark: string;
}

export function plotSweep({ misses }: TlbSweep, width: number): string {
  const points = MARKS.flatMap(([ways, mark]) =>
    misses.map((line, bits): Point => ({ entries: ways * 2 ** bits, misses: line[ways - 1] ?? 0, mark })),
  );
  return `${plot(points, width)}\n${" ".repeat(LABEL_WIDTH)}ways: ${MARKS.map(legend).join(", ")}`;
}

export function plotCurve({ points }: TlbCurve, width: number): string {
  return plot(
    points.map((point) => ({ ...point, mark: "*" })),
    width,
  );
}

function plot(points: readonly Point[], width: number): string {
  const columns = Math.floor(Math.log2(Math.max(...points.map(({ entries }) => entries)))) + 1;
  const columnWidth = Math.max(3, Math.min(COLUMN_WIDTH_MAX, Math.floor((width - LABEL_WIDTH) / columns)));
  const logs = points.map((point) => Math.log10(Math.max(1, point.misses)));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const rowOf = (value: number): number => {
    if (high === low) return ROWS - 1;
    return Math.round(((high - Math.log10(Math.max(1, value))) / (high - low)) * (ROWS - 1));
  };
  const grid = Array.from({ length: ROWS }, () => new Array<string>(columns * columnWidth).fill(" "));
  // Most ways first, so that fewer overwrite them.
  for (const { entries, misses: value, mark } of [...points].reverse()) {
    const column = Math.floor(Math.log2(entries) * columnWidth);
    (grid[rowOf(value)] as string[])[column + columnWidth - 2] = mark;
  }
  const lines = grid.map((cells, row) => {
    const label = row % 3 === 0 || row === ROWS - 1 ? short(10 ** (high - ((high - low) * row) / (ROWS - 1))) : "";
    return `${label.padStart(LABEL_WIDTH - 2)} |${cells.join("").trimEnd()}`;
  });
  const ticks = Array.from({ length: columns }, (_, bits) =>
    short(2 ** bits)
      .padStart(columnWidth - 1)
      .padEnd(columnWidth),
  );
  return [
    "misses",
    ...lines,
    `${" ".repeat(LABEL_WIDTH - 1)}+${"-".repeat(columns * columnWidth)}`,
    `${" ".repeat(LABEL_WIDTH)}${ticks.join("").trimEnd()}  entries`,
  ].join("\n");
}

function legend([ways, mark]: (typeof MARKS)[number]): string {
  return mark === `${ways}` ? mark : `${mark} = ${ways}`;
}

/** Three digits and a unit: 1.23M. */
function short(value: number): string {
  for (const [unit, size] of [
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    // Powers of two stay recognisable: 1024 entries are 1k.
    if (value < size) continue;
    const scaled = value / (Number.isInteger(Math.log2(value)) && unit === "k" ? 1024 : size);
    return `${scaled >= 100 || Number.isInteger(scaled) ? Math.round(scaled) : Number(scaled.toPrecision(3))}${unit}`;
  }
  return value >= 100 ? `${Math.round(value)}` : `${Number(value.toPrecision(3))}`;
}
