/**
 * mm/hugetlb.c: shared PMD tables, unmapping, faults and reservations.
 *
 * Reference: [S: kernel.md 1 and 2]; by edition [R].
 */
import type { Gather } from "./gather.js";
import type { Page } from "./pages.js";
import { down, GIB, HUGE, indexOf, isTable, type Table, tableAt } from "./tables.js";
import { type File, hex, type Mm, type Vma, type World } from "./world.js";

export const indexIn = (vma: Vma, address: number): number => (vma.offset + address - vma.start) / HUGE;

/** The whole GiB around an address lies in a shared mapping of the file. */
function isShareable(vma: Vma, address: number): boolean {
  const start = down(address, GIB);
  return vma.shared && vma.start <= start && start + GIB <= vma.end;
}

/** page_table_shareable(): the table of another mapping of the same GiB of the file, if it has one. */
function findShared(vma: Vma, address: number): Table | undefined {
  const offset = vma.offset + down(address, GIB) - vma.start;
  for (const other of vma.file?.vmas ?? []) {
    if (other === vma) continue;
    const start = other.start + offset - other.offset;
    if (start % GIB !== 0 || start < other.start || start + GIB > other.end) continue;
    if (other.write !== vma.write || other.none !== vma.none || !other.shared) continue;
    const table = tableAt(other.mm.root, start, 2);
    if (table !== undefined) return table;
  }
  return undefined;
}

/** Tables in the order of their first mention, as recordings name them. */
export const traceTable = (world: World, kind: string, mm: string, address: number, table: Table, n?: number): void =>
  world.trace(kind, mm, hex(address), ...(n === undefined ? [] : [n]), tableName(world, table));

const tableNames = new WeakMap<World, Map<Table, string>>();

function tableName(world: World, table: Table): string {
  let known = tableNames.get(world);
  if (known === undefined) {
    known = new Map();
    tableNames.set(world, known);
  }
  let name = known.get(table);
  if (name === undefined) {
    name = `T${known.size + 1}`;
    known.set(table, name);
  }
  return name;
}

/** huge_pte_alloc(): the PMD table of an address, shared if somebody has one to share. */
export function allocPmds(world: World, vma: Vma, address: number): Table {
  const { mm } = vma;
  const pud = allocPud(world, mm, address);
  const index = indexOf(address, 3);
  const there = pud.entries[index];
  if (isTable(there)) return there;
  const shareable = isShareable(vma, address);
  const { shareAsksLate, vmaLock } = world.features;
  const locks = shareable && vmaLock && vma.file !== undefined;
  if (locks) world.trace("i_mmap_lock_read", vma.file?.name ?? "");
  let table = shareable ? findShared(vma, address) : undefined;
  if (table === undefined) table = world.newTable(mm, 2, address);
  else {
    table.sharers++;
    mm.tables++;
  }
  pud.set(index, table);
  if (locks) world.trace("i_mmap_unlock_read", vma.file?.name ?? "");
  if (shareable || shareAsksLate) traceTable(world, "share_try", (world.current ?? mm).name, address, table);
  return table;
}

/** p4d_alloc() and pud_alloc() */
export function allocPud(world: World, mm: Mm, address: number): Table {
  const index = indexOf(address, 4);
  const there = mm.root.entries[index];
  if (isTable(there)) return there;
  const table = world.newTable(mm, 3, address);
  mm.root.set(index, table);
  return table;
}

/**
 * huge_pmd_unshare(): leaves a table that others use too. False when it is exclusive.
 *
 * How the gather learns of it is what the fixes of this file are about.
 */
export function unshare(world: World, gather: Gather | undefined, mm: Mm, address: number): boolean {
  const pud = tableAt(mm.root, address, 3);
  const index = indexOf(address, 3);
  const table = pud?.entries[index];
  if (pud === undefined || !isTable(table) || table.sharers === 0) return false;
  const { unshareFlush, previousGib, syncIpi, vmaLock } = world.features;
  pud.set(index, undefined);
  table.sharers--;
  mm.tables--;
  if (syncIpi === "each") world.trace("sync_ipi_all");
  // From 6.1 on the function is inlined, and no probe sees it.
  if (!vmaLock) world.trace("unshare", mm.name, hex(address));
  const gib = down(address, GIB);
  if (unshareFlush === "gather") gather?.recordUnshared(gib, GIB, table.sharers === 0);
  else if (unshareFlush === "force") {
    gather?.record(previousGib && address === gib ? gib - GIB : gib, GIB, 2);
  }
  return true;
}

/** __unmap_hugepage_range(): the caller holds the file's lock. */
export function unmapHuge(gather: Gather, vma: Vma, start: number, end: number, free = true): void {
  const { world, mm } = gather;
  world.trace("unmap_huge", hex(start), hex(end));
  let force = false;
  for (let at = start; at < end; at += HUGE) {
    const pmds = tableAt(mm.root, at, 2);
    if (pmds === undefined || unshare(world, gather, mm, at)) {
      force ||= pmds !== undefined;
      at = down(at, GIB) + GIB - HUGE;
      continue;
    }
    zapHugePage(gather, vma, pmds, at, free);
  }
  const { unshareFlush } = world.features;
  if (unshareFlush === "gather") gather.flushUnshared();
  else if (unshareFlush === "force" && force) gather.flushTlb();
  world.trace("unmap_huge_end");
}

function zapHugePage(gather: Gather, vma: Vma, pmds: Table, at: number, isZap: boolean): void {
  const index = indexOf(at, 2);
  const leaf = pmds.entries[index];
  if (leaf === undefined || isTable(leaf)) return;
  pmds.set(index, undefined);
  gather.record(at, HUGE, 2);
  leaf.page.maps--;
  gather.mm.hugePages--;
  const own = !leaf.page.cached;
  if (own && isZap && gather.world.features.restoreReserve && !vma.shared && !vma.noreserve) {
    vma.promised.add(at);
    gather.world.pool.reserved++;
  }
  if (gather.queue(leaf.page)) gather.flushMidway();
}

/** Leaves every whole GiB of a VMA that is shared: hugetlb_unshare_pmds() at a split, and before other changes. */
export function unshareAround(world: World, gather: Gather | undefined, vma: Vma, address: number): void {
  const start = down(address, GIB);
  if (start >= vma.start && start + GIB <= vma.end) unshare(world, gather, vma.mm, start);
}

// --- reservations ---

/** hugetlb_reserve_pages() for a new mapping. False when there are not enough pages. */
export function reserveFor(world: World, vma: Vma): boolean {
  if (vma.noreserve) return true;
  const places: number[] = [];
  for (let at = vma.start; at < vma.end; at += HUGE) {
    const isNew = vma.shared && vma.file !== undefined ? !vma.file.reserved.has(indexIn(vma, at)) : true;
    if (isNew) places.push(at);
  }
  // A place whose page is in the cache is promised already.
  const needed = places.filter((at) => !(vma.shared && vma.file?.cache.has(indexIn(vma, at))));
  if (!world.pool.reserve(needed.length)) return false;
  for (const at of places) {
    if (vma.shared && vma.file !== undefined) vma.file.reserved.add(indexIn(vma, at));
    else vma.promised.add(at);
  }
  return true;
}

/** A private mapping is gone: what it was promised and did not take goes back. */
export function unreserve(world: World, vma: Vma): void {
  for (const at of [...vma.promised]) {
    if (at < vma.start || at >= vma.end) continue;
    world.pool.reserved--;
    vma.promised.delete(at);
  }
}

/** A page for the file's cache. */
export function cachePage(world: World, file: File, index: number): Page | undefined {
  const page = world.pool.take(file.reserved.has(index));
  if (page === undefined) return undefined;
  page.cached = true;
  file.reserved.add(index);
  file.cache.set(index, page);
  return page;
}

/** The file's pages [from, to) leave its cache. */
export function dropCached(world: World, file: File, from: number, to: number, truncated: boolean): void {
  const gone = [...file.cache.keys()].filter((index) => index >= from && index < to).sort((a, b) => a - b);
  for (const index of gone) {
    const page = file.cache.get(index) as Page;
    file.cache.delete(index);
    page.cached = false;
    file.reserved.delete(index);
    if (page.maps === 0) world.pool.give(page);
  }
  if (!truncated) return;
  for (const index of [...file.reserved]) {
    if (index < from) continue;
    file.reserved.delete(index);
    world.pool.reserved--;
  }
}
