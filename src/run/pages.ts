/**
 * Pages of x86-64 as logs give them: bytes to base pages, and runs of pages as flat lists.
 *
 * A run is [from, to) in base pages; a list of runs is flat (from, to, from, to, ...), sorted, without overlap.
 */

/** Bytes of a base page. */
export const PAGE_BYTES = 4096;
/** Base pages of a huge page (2 MiB), of a GiB, of the part of the address space that a PUD table maps. */
export const HUGE = 512;
export const GIB = 512 * HUGE;
export const PUD_SPAN = 512 * GIB;
/** Base pages of the whole address space. */
export const SPACE = 512 * PUD_SPAN;

/** The base page that a byte address lies in. */
export const pageOf = (bytes: number): number => Math.floor(bytes / PAGE_BYTES);
/** Base pages that so many bytes take. */
export const pagesFor = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES);
export const down = (page: number, unit: number): number => Math.floor(page / unit) * unit;
export const up = (page: number, unit: number): number => Math.ceil(page / unit) * unit;

export type Runs = readonly number[];

/** The part of the runs that lies in [from, to). */
export function within(runs: Runs, from: number, to: number): number[] {
  const kept: number[] = [];
  for (let i = 0; i < runs.length; i += 2) {
    const start = Math.max(runs[i] as number, from);
    const end = Math.min(runs[i + 1] as number, to);
    if (start < end) kept.push(start, end);
  }
  return kept;
}

/** The part of the runs that lies outside of [from, to). */
export const without = (runs: Runs, from: number, to: number): number[] => [
  ...within(runs, 0, from),
  ...within(runs, to, SPACE),
];

/** The runs as they lie after a move by `distance` pages. */
export const shifted = (runs: Runs, distance: number): number[] => runs.map((page) => page + distance);

export function pagesIn(runs: Runs): number {
  let sum = 0;
  for (let i = 0; i < runs.length; i += 2) sum += (runs[i + 1] as number) - (runs[i] as number);
  return sum;
}
