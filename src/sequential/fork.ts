/**
 * fork: dup_mmap() and copy_page_range() of mm/memory.c.
 *
 * Pages of one's own become read-only in both; the parent is flushed once, in full, at the end.
 *
 * Reference: copy_page_range(), vma_needs_copy(), copy_hugetlb_page_range() [S]; by edition [R].
 */
import { allocPmdTable, allocPtes } from "./fault.js";
import { allocPmds, allocPud, traceTable } from "./hugetlb.js";
import { HUGE, indexOf, isTable, type Leaf, PAGE, pieces, type Table, tableAt } from "./tables.js";
import { ALL, flushMmRange } from "./tlb.js";
import type { Mm, Vma, World } from "./world.js";

/** Copies an address space. The new one has run nowhere yet. */
export function forkMm(world: World, parent: Mm, name: string): Mm {
  const child = world.newMm(name);
  for (const vma of parent.vmas) {
    const copy: Vma = { ...vma, mm: child, locked: false, promised: new Set() };
    child.vmas.push(copy);
    if (vma.file !== undefined) {
      world.trace("i_mmap_lock_write", vma.file.name);
      vma.file.vmas.splice(vma.file.vmas.indexOf(vma) + 1, 0, copy);
      world.trace("i_mmap_unlock_write", vma.file.name);
    }
    if (vma.huge) copyHuge(world, vma, copy);
    else if (vma.anon) copyBase(world, vma, copy);
  }
  flushMmRange(world, parent, 0, ALL, 0, true);
  return child;
}

function copyHuge(world: World, vma: Vma, copy: Vma): void {
  if (vma.shared && !world.features.forkCopiesShared) return;
  for (let at = vma.start; at < vma.end; at += HUGE) {
    const pmds = tableAt(vma.mm.root, at, 2);
    if (pmds === undefined) continue;
    const leaf = pmds.entries[indexOf(at, 2)];
    // Up to 5.19 a table is prepared for every slot of the parent's, filled or not.
    if (leaf === undefined && !world.features.forkCopiesShared) continue;
    const into = allocPmds(world, copy, at);
    traceTable(world, "hfault", copy.mm.name, at, into, 1);
    if (into === pmds || leaf === undefined || isTable(leaf)) continue;
    if (!vma.shared) leaf.write = false;
    leaf.page.maps++;
    copy.mm.hugePages++;
    into.set(indexOf(at, 2), { ...leaf } satisfies Leaf);
  }
}

function copyBase(world: World, vma: Vma, copy: Vma): void {
  for (const [start, end] of pieces(vma.start, vma.end, 4)) {
    const pud = tableAt(vma.mm.root, start, 3);
    if (pud === undefined) continue;
    allocPud(world, copy.mm, start);
    for (const [at, next] of pieces(start, end, 3)) {
      const pmds = pud.entries[indexOf(at, 3)];
      if (!isTable(pmds)) continue;
      allocPmdTable(world, copy.mm, at);
      for (const [from, to] of pieces(at, next, 2)) copyPmd(world, vma, copy, pmds, from, to);
    }
  }
}

function copyPmd(world: World, vma: Vma, copy: Vma, pmds: Table, from: number, to: number): void {
  const entry = pmds.entries[indexOf(from, 2)];
  if (entry === undefined) return;
  if (!isTable(entry)) {
    copyThp(world, copy, entry, from);
    return;
  }
  const into = allocPtes(world, copy.mm, from);
  if (into === undefined) return;
  for (let at = from; at < to; at += PAGE) {
    const leaf = entry.entries[indexOf(at, 1)];
    if (leaf === undefined || isTable(leaf)) continue;
    if (!vma.shared) protectCopied(leaf);
    leaf.page.maps++;
    into.set(indexOf(at, 1), { ...leaf } satisfies Leaf);
  }
}

function protectCopied(leaf: Leaf): void {
  leaf.write = false;
  leaf.page.exclusive = false;
}

function copyThp(world: World, copy: Vma, leaf: Leaf, at: number): void {
  protectCopied(leaf);
  leaf.page.maps++;
  copy.mm.tables++;
  world.tables[1] = (world.tables[1] ?? 0) + 1;
  allocPmdTable(world, copy.mm, at).set(indexOf(at, 2), { ...leaf } satisfies Leaf);
}
