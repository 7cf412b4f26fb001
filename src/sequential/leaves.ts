/**
 * The present entries of a range, for calls that change them in place.
 */
import { HUGE, indexOf, isTable, type Leaf, PAGE, pieces, tableAt } from "./tables.js";
import type { Mm } from "./world.js";

/** Calls `visit` for each leaf in [start, end), with its address and span. */
export function forEachLeaf(
  mm: Mm,
  start: number,
  end: number,
  visit: (leaf: Leaf, at: number, span: number) => void,
): void {
  for (const [gibStart, gibEnd] of pieces(start, end, 3)) {
    const pmds = tableAt(mm.root, gibStart, 2);
    if (pmds === undefined) continue;
    for (const [from, to] of pieces(gibStart, gibEnd, 2)) {
      const entry = pmds.entries[indexOf(from, 2)];
      if (entry === undefined) continue;
      if (!isTable(entry)) {
        visit(entry, from, HUGE);
        continue;
      }
      for (let at = from; at < to; at += PAGE) {
        const leaf = entry.entries[indexOf(at, 1)];
        if (leaf !== undefined && !isTable(leaf)) visit(leaf, at, PAGE);
      }
    }
  }
}
