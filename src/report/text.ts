/**
 * Lines, tables and numbers: the shapes that every report is made of.
 */
import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import type { Look } from "./paint.js";

const GAP = "  ";

const visible = (text: string): number => stripVTControlCharacters(text).length;

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
  /** Gives way when the table is too wide: its cells are wrapped. */
  readonly flexible?: boolean;
  /** Least width of a flexible column (default 20). */
  readonly least?: number;
}

/** A table without vertical lines, at most `look.width` columns wide where its flexible columns allow that. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], look: Look): string {
  const widths = columnWidths(columns, rows, look.width);
  const drawn = new Table({
    head: columns.map((column) => look.paint("head", column.head)),
    colWidths: widths,
    colAligns: columns.map((column) => column.align ?? "left"),
    wordWrap: true,
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      mid: "-",
      "mid-mid": GAP,
      right: "",
      "right-mid": "",
      middle: GAP,
    },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  for (const row of rows) drawn.push([...row]);
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Natural widths; the flexible columns share what is left. */
function columnWidths(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): number[] {
  const natural = columns.map((column, i) =>
    Math.max(visible(column.head), ...rows.flatMap((row) => (row[i] ?? "").split("\n").map(visible))),
  );
  const total = natural.reduce((sum, n) => sum + n, 0) + GAP.length * (columns.length - 1);
  let excess = total - width;
  const flexible = columns
    .map((column, i) => ({ i, least: column.least ?? 20, flexible: column.flexible ?? false }))
    .filter((column) => column.flexible)
    .sort((a, b) => (natural[b.i] ?? 0) - (natural[a.i] ?? 0));
  for (const { i, least } of flexible) {
    if (excess <= 0) break;
    const given = Math.max(0, Math.min(excess, (natural[i] ?? 0) - least));
    natural[i] = (natural[i] ?? 0) - given;
    excess -= given;
  }
  return natural;
}

/** Wraps a paragraph at spaces. */
export function wrap(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && visible(line) + 1 + visible(word) > width) {
      lines.push(line);
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  return [...lines, line].join("\n");
}

/** 1234567 as 1,234,567. */
export const count = (n: number): string => n.toLocaleString("en-US");

/** "1 check", "2 checks". */
export const plural = (n: number, noun: string, many = `${noun}s`): string => `${count(n)} ${n === 1 ? noun : many}`;

export const seconds = (s: number): string => (s < 10 ? s.toFixed(2) : s.toFixed(1));

/** "a", "a and b", "a, b and c". */
export const listed = (items: readonly string[]): string =>
  items.length < 2 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
