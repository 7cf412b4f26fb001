/**
 * Transparent huge pages: splitting a PMD entry, before anything else happens to a part of it.
 *
 * A PMD leaf has a PTE table put aside for the day of its split: it counts in the mm's tables all the time.
 *
 * Reference: __split_huge_pmd(), pmdp_invalidate() [S].
 */
import { newPage, type Page } from "./pages.js";
import { down, ENTRIES, HUGE, indexOf, isTable, type Leaf, Table, tableAt } from "./tables.js";
import { flushMmRange } from "./tlb.js";
import type { Mm, World } from "./world.js";

/** Parts of a huge page, by the page: a page that is mapped twice has the same parts in both. */
const parts = new WeakMap<Page, Page[]>();

function partsOf(head: Page): Page[] {
  let found = parts.get(head);
  if (found === undefined) {
    found = Array.from({ length: ENTRIES }, (_, i) => newPage("anon", i, head));
    parts.set(head, found);
  }
  return found;
}

const zeros = (): Page[] => Array.from({ length: ENTRIES }, (_, i) => newPage("zero", i));

/** Splits the huge entry of `pmds` that holds an address. */
export function splitPmd(world: World, mm: Mm, pmds: Table, address: number): void {
  const index = indexOf(address, 2);
  const leaf = pmds.entries[index];
  if (leaf === undefined || isTable(leaf)) return;
  const start = down(address, HUGE);
  flushMmRange(world, mm, start, start + HUGE, 12, world.features.rangeFreesTables);
  const table = new Table(1);
  const zero = leaf.page.kind === "zero";
  for (const page of zero ? zeros() : partsOf(leaf.page)) {
    // The first page of the range holds the byte that was written there.
    if (page.index === 0 && !zero) page.value = leaf.page.value;
    if (!zero) page.exclusive = leaf.page.exclusive;
    page.maps++;
    table.set(page.index, { ...leaf, page } satisfies Leaf);
  }
  leaf.page.maps--;
  pmds.set(index, table);
}

/** vma_adjust_trans_huge(): a VMA is cut at an address inside a huge page. */
export function splitAt(world: World, mm: Mm, address: number): void {
  if (address % HUGE === 0) return;
  const pmds = tableAt(mm.root, address, 2);
  if (pmds !== undefined) splitPmd(world, mm, pmds, address);
}
