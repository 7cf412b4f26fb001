/**
 * Page tables of four levels, as a tree of plain objects.
 *
 * Invariants
 *   S1  An entry is a table of the level below, a leaf, or undefined.
 *   S2  `live` counts the entries that are not undefined.
 *   S3  `sharers` counts further PUD entries that point to a PMD table: 0 is an exclusive table.
 *
 * Units: addresses in bytes. Level 1 is a PTE table; an entry of level n spans SPAN[n].
 */
import type { Page } from "./pages.js";

export const PAGE = 2 ** 12;
export const HUGE = 2 ** 21;
export const GIB = 2 ** 30;
/** Span of an entry, by level of its table; SPAN[0] is unused. */
export const SPAN: readonly number[] = [0, PAGE, HUGE, GIB, 2 ** 39, 2 ** 48];
export const ENTRIES = 512;

export const down = (address: number, unit: number): number => address - (address % unit);
export const up = (address: number, unit: number): number => Math.ceil(address / unit) * unit;
export const spanOf = (level: number): number => SPAN[level] as number;
export const nameOf = (level: number): string => ["", "pte", "pmd", "pud", "pgd"][level] as string;

export interface Leaf {
  readonly leaf: true;
  page: Page;
  write: boolean;
  dirty: boolean;
  /** Accessed since it was last made old. */
  young: boolean;
  /** The entry is there and lets nobody in (PROT_NONE). */
  none: boolean;
}

export class Table {
  readonly entries: (Table | Leaf | undefined)[] = new Array(ENTRIES);
  live = 0;
  sharers = 0;

  constructor(readonly level: number) {}

  set(index: number, entry: Table | Leaf | undefined): void {
    const before = this.entries[index];
    this.live += (entry === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    this.entries[index] = entry;
  }
}

export const isTable = (entry: Table | Leaf | undefined): entry is Table => entry instanceof Table;

export const indexOf = (address: number, level: number): number => Math.floor(address / spanOf(level)) % ENTRIES;

/** The table of `level` on the path to an address; undefined when there is none. */
export function tableAt(root: Table, address: number, level: number): Table | undefined {
  let table = root;
  while (table.level > level) {
    const entry = table.entries[indexOf(address, table.level)];
    if (!isTable(entry)) return undefined;
    table = entry;
  }
  return table;
}

/** The leaf that a walk ends at, and the level that it stands in. */
export function walk(root: Table, address: number): { leaf: Leaf; level: number; table: Table } | undefined {
  let table = root;
  while (true) {
    const entry = table.entries[indexOf(address, table.level)];
    if (entry === undefined) return undefined;
    if (!isTable(entry)) return { leaf: entry, level: table.level, table };
    table = entry;
  }
}

/** Pieces of [start, end) that lie in one entry of `level` each. */
export function* pieces(start: number, end: number, level: number): Generator<[number, number]> {
  const span = spanOf(level);
  for (let at = start; at < end; ) {
    const next = Math.min(end, down(at, span) + span);
    yield [at, next];
    at = next;
  }
}
