/**
 * What a log does not say: which pages a process touches. A stated policy stands for it.
 *
 *   none    nothing is touched: only what MAP_POPULATE, MAP_LOCKED and MADV_POPULATE ask for
 *   first   the first page of each mapping when it becomes accessible; of a huge-page mapping also the first page of
 *           each GiB (that is what makes a process share, or make, the table of that GiB) and the last page
 *   ends    first, and the last page of each mapping, and of each GiB of a huge-page mapping
 *   all     every page
 *
 * A page is written when the mapping allows it and read when not. A child of fork touches what its parent had touched,
 * at its first call that is not execve: copied page tables and its own faults look alike here. What MADV_DONTNEED
 * dropped is not touched again.
 */
import { down, GIB, HUGE, up } from "./pages.js";

export const touchPolicies = ["none", "first", "ends", "all"] as const;
export type TouchPolicy = (typeof touchPolicies)[number];

const SAYS: Readonly<Record<TouchPolicy, string>> = {
  none: "no page is touched, except where the log asks for it (MAP_POPULATE, MAP_LOCKED, MADV_POPULATE)",
  first: "the first page of each mapping; of huge-page mappings the first page of each GiB and the last page",
  ends: "the first and the last page of each mapping, and of each GiB of a huge-page mapping",
  all: "every page of each mapping",
};

/** The policy as one sentence, for a report. */
export const describeTouch = (policy: TouchPolicy): string =>
  `A log does not say which pages were touched. Here: ${SAYS[policy]}, when it becomes accessible; ` +
  "a child of fork touches what its parent had touched, at its first call that is not execve.";

/** The pages of the mapping [start, end) that are touched, as runs. */
export function pagesToTouch(policy: TouchPolicy, start: number, end: number, isHuge: boolean): number[] {
  if (policy === "none" || start >= end) return [];
  if (policy === "all") return [start, end];
  const unit = isHuge ? HUGE : 1;
  const pages = new Set<number>([start]);
  if (isHuge) for (let gib = up(start, GIB); gib < end; gib += GIB) pages.add(gib);
  if (isHuge || policy === "ends") pages.add(end - unit);
  if (isHuge && policy === "ends") {
    for (let gib = down(start, GIB) + GIB; gib < end; gib += GIB) pages.add(gib - unit);
  }
  return [...pages].sort((a, b) => a - b).flatMap((page) => [page, page + unit]);
}
