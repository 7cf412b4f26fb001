/**
 * hugetlb faults: hugetlb_fault() and below, mm/hugetlb.c.
 *
 * Reference: [S: kernel.md 2.6]; events by edition [R].
 */
import { allocPmds, cachePage, indexIn, traceTable } from "./hugetlb.js";
import type { Page } from "./pages.js";
import { HUGE, indexOf, type Leaf, PAGE, type Table } from "./tables.js";
import { flushMmRange } from "./tlb.js";
import { hex, type Mm, type Vma, type World } from "./world.js";

/** Signal of an access beyond the file's end, or without a page to be had. */
export const SIGBUS = 7;

export function faultHuge(world: World, vma: Vma, address: number, write: boolean): number {
  const { mm } = vma;
  // Up to 6.0 the file's lock is held from here to the end of the fault.
  const held = !world.features.vmaLock && vma.file !== undefined ? vma.file.name : undefined;
  if (held !== undefined) world.trace("i_mmap_lock_read", held);
  const pmds = allocPmds(world, vma, address);
  traceTable(world, "hfault", mm.name, address, pmds, 1);
  const signal = resolveHuge(world, vma, pmds, address, write);
  if (held !== undefined) world.trace("i_mmap_unlock_read", held);
  return signal;
}

function resolveHuge(world: World, vma: Vma, pmds: Table, address: number, write: boolean): number {
  const index = indexOf(address, 2);
  const leaf = pmds.entries[index] as Leaf | undefined;
  if (leaf === undefined) return mapHuge(world, vma, pmds, address, write);
  leaf.none = false;
  if (write && !leaf.write) return writeHuge(world, vma, leaf, address);
  return 0;
}

/** hugetlb_no_page() */
function mapHuge(world: World, vma: Vma, pmds: Table, address: number, write: boolean): number {
  const { file } = vma;
  const index = indexIn(vma, address);
  let page = file?.cache.get(index);
  if (page === undefined) {
    if (file !== undefined && index * HUGE >= file.size) return SIGBUS;
    page = file !== undefined && (vma.shared || !write) ? cachePage(world, file, index) : ownHuge(world, vma, address);
    if (page === undefined) return SIGBUS;
  }
  page.maps++;
  vma.mm.hugePages++;
  const own = vma.shared || !page.cached;
  pmds.set(indexOf(address, 2), { leaf: true, page, write: vma.write && own, dirty: write, young: true, none: false });
  return write && !own ? writeHuge(world, vma, pmds.entries[indexOf(address, 2)] as Leaf, address) : 0;
}

/** A page of the mapping's own. */
function ownHuge(world: World, vma: Vma, address: number): Page | undefined {
  const promised = vma.promised.delete(address);
  return world.pool.take(promised);
}

/** hugetlb_wp(): a page with one owner is written in place, any other is copied. */
function writeHuge(world: World, vma: Vma, leaf: Leaf, address: number): number {
  const { page } = leaf;
  if (vma.shared || (page.maps === 1 && !page.cached)) {
    leaf.write = true;
    return 0;
  }
  const copy = ownHuge(world, vma, address);
  if (copy === undefined) return SIGBUS;
  copy.value = page.value;
  clearFlush(world, vma.mm, address);
  page.maps--;
  copy.maps = 1;
  leaf.page = copy;
  leaf.write = true;
  return 0;
}

/** ptep_clear_flush(): one page of 4 KiB is flushed, whatever the entry spans. */
export function clearFlush(world: World, mm: Mm, address: number): void {
  world.trace("ptep_clear_flush", hex(address));
  flushMmRange(world, mm, address, address + PAGE, 12, false);
}
