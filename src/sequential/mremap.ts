/**
 * mremap() of mm/mremap.c: entries move by tables where both ends allow it, else one by one.
 *
 * Reference: move_page_tables(), move_ptes(), move_hugetlb_page_tables() [S].
 */
import { allocPmdTable, allocPtes } from "./fault.js";
import { Gather } from "./gather.js";
import { allocPmds, allocPud, unshare } from "./hugetlb.js";
import { flushHuge } from "./mprotect.js";
import { down, GIB, HUGE, indexOf, isTable, PAGE, spanOf, tableAt } from "./tables.js";
import { splitPmd } from "./thp.js";
import { flushMmRange } from "./tlb.js";
import { EFAULT, EINVAL, mergeAround, unmapRange } from "./vmas.js";
import { findVma, firstIndex, type Mm, type Vma, type World } from "./world.js";

/** mremap(MREMAP_MAYMOVE | MREMAP_FIXED) to another place. Gives 0 or an errno. */
export function remap(world: World, mm: Mm, start: number, length: number, to: number, newLength: number): number {
  const { hugeMremap } = world.features;
  const vma = findVma(mm, start);
  const aligned = [start, to, length, newLength].every((n) => n % HUGE === 0);
  // Since 5.16 the old place is looked at first; before, the new one has been emptied by then.
  if (hugeMremap && vma === undefined) return EFAULT;
  if (hugeMremap && vma?.huge && !aligned) return EINVAL;
  if (newLength === 0 || (start < to + newLength && to < start + length)) return EINVAL;
  const error = unmapRange(world, mm, to, to + newLength);
  if (error !== 0) return error;
  if (vma === undefined) return EFAULT;
  if (vma.huge && !hugeMremap) return EINVAL;
  if (length > newLength) unmapRange(world, mm, start + newLength, start + length);
  const moved = Math.min(length, newLength);
  if (start + moved > vma.end) return EFAULT;
  return moveVma(world, mm, start, moved, to, newLength);
}

/** move_vma(): a VMA like the old one, the entries, and then the old range is unmapped. */
function moveVma(world: World, mm: Mm, start: number, length: number, to: number, newLength: number): number {
  const old = findVma(mm, start) as Vma;
  const vma: Vma = {
    ...old,
    start: to,
    end: to + newLength,
    // Memory that has no page of its own yet takes the new address on, and may merge there.
    offset: old.file === undefined && !old.anon ? to : old.offset + start - old.start,
    promised: new Set(),
  };
  for (const at of old.promised) {
    if (at < start || at >= start + length) continue;
    old.promised.delete(at);
    vma.promised.add(at - start + to);
  }
  if (vma.file !== undefined) {
    world.trace("i_mmap_lock_write", vma.file.name);
    vma.file.vmas.push(vma);
    world.trace("i_mmap_unlock_write", vma.file.name);
  }
  mm.vmas.splice(firstIndex(mm, to), 0, vma);
  if (old.huge) moveHuge(world, old, vma, start, start + length);
  else moveTables(world, mm, start, start + length, to);
  unmapRange(world, mm, start, start + length);
  mergeAround(mm, to, to + newLength);
  return 0;
}

/** get_extent(): as far as one entry of `level` reaches at both ends. */
function extentOf(level: number, from: number, end: number, to: number): number {
  const span = spanOf(level);
  return Math.min(down(from, span) + span - from, end - from, down(to, span) + span - to);
}

export function moveTables(world: World, mm: Mm, start: number, end: number, target: number): void {
  const delta = target - start;
  for (let at = start; at < end; ) {
    const to = at + delta;
    if (world.features.movePud) {
      const pud = tableAt(mm.root, at, 3);
      const gib = extentOf(3, at, end, to);
      if (pud === undefined || pud.entries[indexOf(at, 3)] === undefined) {
        at += gib;
        continue;
      }
      const destination = allocPud(world, mm, to);
      if (gib === GIB && destination.entries[indexOf(to, 3)] === undefined) {
        destination.set(indexOf(to, 3), pud.entries[indexOf(at, 3)]);
        pud.set(indexOf(at, 3), undefined);
        flushMmRange(world, mm, at, at + GIB, 12, world.features.rangeFreesTables);
        at += gib;
        continue;
      }
    }
    at += movePmd(world, mm, at, extentOf(2, at, end, to), to);
  }
}

/** The part of the move that one PMD entry holds at both ends; gives its length. */
function movePmd(world: World, mm: Mm, at: number, extent: number, to: number): number {
  const from = tableAt(mm.root, at, 2);
  const entry = from?.entries[indexOf(at, 2)];
  if (from === undefined || entry === undefined) return extent;
  const into = allocPmdTable(world, mm, to);
  if (extent === HUGE && into.entries[indexOf(to, 2)] === undefined) {
    into.set(indexOf(to, 2), entry);
    from.set(indexOf(at, 2), undefined);
    flushMmRange(world, mm, at, at + HUGE, 12, world.features.rangeFreesTables);
    return extent;
  }
  if (!isTable(entry)) splitPmd(world, mm, from, at);
  const source = from.entries[indexOf(at, 2)];
  const destination = allocPtes(world, mm, to);
  if (isTable(source) && destination !== undefined) {
    let moved = 0;
    for (let page = 0; page < extent; page += PAGE) {
      const leaf = source.entries[indexOf(at + page, 1)];
      if (leaf === undefined) continue;
      source.set(indexOf(at + page, 1), undefined);
      destination.set(indexOf(to + page, 1), leaf);
      moved++;
    }
    if (moved > 0) flushMmRange(world, mm, at, at + extent, 12, world.features.rangeFreesTables);
  }
  return extent;
}

/** move_hugetlb_page_tables(): a shared table is left, and the new place shares it again when it is touched. */
function moveHuge(world: World, old: Vma, vma: Vma, start: number, end: number): void {
  const { mm } = vma;
  const gather = world.features.unshareFlush === "gather" ? new Gather(world, mm, "vma") : undefined;
  if (vma.file !== undefined) world.trace("i_mmap_lock_write", vma.file.name);
  let unshared = false;
  for (let at = start; at < end; at += HUGE) {
    const pmds = tableAt(mm.root, at, 2);
    const leaf = pmds?.entries[indexOf(at, 2)];
    if (pmds === undefined) {
      at = down(at, GIB) + GIB - HUGE;
    } else if (leaf !== undefined && unshare(world, gather, mm, at)) {
      unshared = true;
      at = down(at, GIB) + GIB - HUGE;
    } else if (leaf !== undefined) {
      const to = at - start + vma.start;
      allocPmds(world, vma, to).set(indexOf(to, 2), leaf);
      pmds.set(indexOf(at, 2), undefined);
      gather?.record(at, HUGE, 2);
    }
  }
  if (gather !== undefined) {
    gather.flushTlb();
    gather.flushUnshared();
  } else flushHuge(world, old, start, end, unshared);
  if (vma.file !== undefined) world.trace("i_mmap_unlock_write", vma.file.name);
  gather?.finish();
}
