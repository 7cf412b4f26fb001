/**
 * unmap_page_range() of mm/memory.c for base pages and transparent huge pages.
 *
 * Reference: [S: kernel.md 3.4]; batches of a folio's pages and freed tables by edition [R].
 */
import type { Gather } from "./gather.js";
import type { Page } from "./pages.js";
import { ENTRIES, HUGE, indexOf, isTable, type Leaf, PAGE, pieces, type Table, tableAt } from "./tables.js";
import { splitPmd } from "./thp.js";
import type { Vma } from "./world.js";

export interface ZapOptions {
  /** MADV_DONTNEED: a table that is emptied over its whole span may go. */
  readonly reclaim?: boolean;
  /** Pages of one's own stay: only what belongs to the file goes. */
  readonly sparesCopies?: boolean;
}

/** Clears [start, end) of a VMA that is not of hugetlb. */
export function zapRange(gather: Gather, vma: Vma, start: number, end: number, options: ZapOptions = {}): void {
  for (const [gibStart, gibEnd] of pieces(start, end, 3)) {
    const pmds = tableAt(gather.mm.root, gibStart, 2);
    if (pmds === undefined) continue;
    for (const [at, next] of pieces(gibStart, gibEnd, 2)) zapPmd(gather, vma, pmds, at, next, options);
  }
}

function zapPmd(gather: Gather, vma: Vma, pmds: Table, at: number, next: number, options: ZapOptions): void {
  const entry = pmds.entries[indexOf(at, 2)];
  if (entry === undefined) return;
  if (isTable(entry)) {
    zapTable(gather, vma, pmds, entry, at, next, options);
  } else if (next - at === HUGE) {
    zapHuge(gather, pmds, entry, at);
  } else {
    splitPmd(gather.world, gather.mm, pmds, at);
    zapTable(gather, vma, pmds, pmds.entries[indexOf(at, 2)] as Table, at, next, options);
  }
}

/** zap_huge_pmd(): the table that was put aside for a split goes too, at once. */
function zapHuge(gather: Gather, pmds: Table, leaf: Leaf, at: number): void {
  pmds.set(indexOf(at, 2), undefined);
  gather.record(at, HUGE, 2);
  gather.mm.tables--;
  gather.world.dropTable(1);
  leaf.page.maps--;
  // The huge zero page belongs to nobody.
  if (leaf.page.kind !== "zero" && gather.queue(leaf.page)) gather.flushMidway();
}

/** zap_pte_range(), again and again until the range is done. */
function zapTable(
  gather: Gather,
  vma: Vma,
  pmds: Table,
  table: Table,
  start: number,
  end: number,
  options: ZapOptions,
): void {
  let at = start;
  while (at < end) {
    const [next, flush] = zapSome(gather, vma, table, at, end, options);
    at = next;
    if (flush) gather.flushMidway();
  }
  if (!options.reclaim || !gather.world.features.reclaimTables || end - start < HUGE || table.live > 0) return;
  pmds.set(indexOf(start, 2), undefined);
  gather.freeTable(1, start);
}

/** Clears entries until the range ends or the batches are full; says where it came and whether to flush. */
function zapSome(
  gather: Gather,
  vma: Vma,
  table: Table,
  start: number,
  end: number,
  options: ZapOptions,
): [number, boolean] {
  let flush = false;
  let at = start;
  while (at < end) {
    const index = indexOf(at, 1);
    const entry = table.entries[index] as Leaf | undefined;
    if (entry === undefined || (options.sparesCopies && entry.page.kind === "anon")) {
      at += PAGE;
      continue;
    }
    const count = runOf(gather, table, index, Math.min(ENTRIES - index, (end - at) / PAGE));
    for (let i = 0; i < count; i++) {
      const leaf = table.entries[index + i] as Leaf;
      leaf.page.maps--;
      table.set(index + i, undefined);
    }
    gather.record(at, count * PAGE, 1);
    at += count * PAGE;
    const { page } = entry;
    if (page.kind === "zero") continue;
    // A dirty page of a shared file: others may still write through their TLB after it was cleaned.
    const dirty = page.kind === "file" && entry.dirty && vma.shared;
    if (dirty) flush = true;
    if (gather.queue(page, count > 1 ? 2 : 1, dirty)) return [at, true];
  }
  return [at, flush];
}

/** Entries from `index` on that map pages of one folio in a row. */
function runOf(gather: Gather, table: Table, index: number, most: number): number {
  const { head, index: first } = (table.entries[index] as Leaf).page;
  if (head === undefined || !gather.world.features.batch.folios) return 1;
  let count = 1;
  while (count < most && follows(table.entries[index + count] as Leaf | undefined, head, first + count)) count++;
  return count;
}

function follows(entry: Leaf | undefined, head: Page, index: number): boolean {
  return entry !== undefined && entry.page.head === head && entry.page.index === index;
}
