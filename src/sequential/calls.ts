/**
 * The other calls: madvise, mprotect, mremap, truncate and hole punch, fork, exit.
 */
import { access, drainLru } from "./fault.js";
import { Gather } from "./gather.js";
import { dropCached, unmapHuge } from "./hugetlb.js";
import { forEachLeaf } from "./leaves.js";
import { freePgtables } from "./pgtables.js";
import { down, HUGE, PAGE, up, walk } from "./tables.js";
import { dropMm } from "./tlb.js";
import { EACCES, EFAULT, EINVAL, ENOMEM, lockedUnmap, mergeAround, splitVma, unmapVma } from "./vmas.js";
import { type File, firstIndex, type Mm, type Vma, type World } from "./world.js";
import { zapRange } from "./zap.js";

/** The pieces of VMAs in [start, end), in order; `whole` is false when there is a hole. */
export function vmasIn(mm: Mm, start: number, end: number): { vmas: Vma[]; whole: boolean } {
  const vmas: Vma[] = [];
  let at = start;
  for (let i = firstIndex(mm, start); i < mm.vmas.length; i++) {
    const vma = mm.vmas[i] as Vma;
    if (vma.start >= end) break;
    vmas.push(vma);
    if (vma.start <= at) at = vma.end;
  }
  return { vmas, whole: at >= end };
}

export const ADVICES = [
  "dontneed",
  "free",
  "remove",
  "hugepage",
  "nohugepage",
  "cold",
  "willneed",
  "populate_read",
  "populate_write",
] as const;
export type Advice = (typeof ADVICES)[number];

/** madvise(). Gives 0 or an errno. */
export function advise(world: World, mm: Mm, start: number, end: number, advice: Advice): number {
  if (end <= start) return 0;
  if (advice.startsWith("populate") && !world.features.populates) return EINVAL;
  const { vmas, whole } = vmasIn(mm, start, end);
  const zaps = advice === "dontneed" || advice === "free";
  if (zaps) drainLru(world.cpuAt(world.cpu));
  // Since 6.16 one gather serves all the VMAs of a call.
  const gather = zaps && world.features.madviseBatches ? new Gather(world, mm) : undefined;
  const open = { gather };
  let error = 0;
  for (const vma of vmas) {
    error = adviseVma(world, vma, Math.max(start, vma.start), Math.min(end, vma.end), advice, open);
    if (error !== 0) break;
  }
  open.gather?.finish();
  return error !== 0 || whole ? error : ENOMEM;
}

/** The gather that is open for the whole call; a hugetlb VMA finishes it and begins another. */
interface Open {
  gather: Gather | undefined;
}

function adviseVma(world: World, vma: Vma, start: number, end: number, advice: Advice, open: Open): number {
  switch (advice) {
    case "dontneed":
      return dontneed(world, vma, start, end, open);
    case "free":
      return vma.file !== undefined || vma.huge ? EINVAL : lazyFree(world, vma, start, end, open);
    case "remove":
      if (vma.file === undefined || vma.locked) return EINVAL;
      if (!vma.shared || !vma.write) return EACCES;
      punchFile(world, vma.file, vma.offset + start - vma.start, vma.offset + end - vma.start);
      return 0;
    case "cold":
      return vma.locked || vma.huge ? EINVAL : makeOld(world, vma, start, end);
    case "willneed":
      // Nothing is on a disk here, so there is nothing to read ahead.
      return 0;
    case "populate_read":
    case "populate_write":
      return populate(world, vma, start, end, advice === "populate_write");
    default:
      return adviseHuge(world, vma, start, end, advice === "hugepage");
  }
}

function adviseHuge(world: World, vma: Vma, start: number, end: number, thp: boolean): number {
  if (vma.thp === thp || vma.huge) return vma.huge ? EINVAL : 0;
  const { mm } = vma;
  splitVma(world, mm, start);
  splitVma(world, mm, end);
  const piece = mm.vmas[firstIndex(mm, start)] as Vma;
  piece.thp = thp;
  mergeAround(mm, start, end);
  return 0;
}

/** zap_page_range_single() */
function dontneed(world: World, vma: Vma, start: number, end: number, open: Open): number {
  if (vma.locked) return EINVAL;
  if (vma.huge) {
    if (!world.features.hugeDontneed || start % HUGE !== 0) return EINVAL;
    // The end is rounded down: pages that the caller did not name in full stay.
    const last = down(end, HUGE);
    if (last > start) dontneedHuge(world, vma, start, last, open);
    return 0;
  }
  const gather = open.gather ?? new Gather(world, vma.mm);
  zapRange(gather, vma, start, end, { reclaim: true });
  if (open.gather === undefined) gather.finish();
  return 0;
}

function dontneedHuge(world: World, vma: Vma, start: number, end: number, open: Open): void {
  const gather = open.gather ?? new Gather(world, vma.mm);
  if (open.gather === undefined) {
    lockedUnmap(gather, vma, start, end, true);
    gather.finish();
    return;
  }
  if (vma.file !== undefined) world.trace("i_mmap_lock_write", vma.file.name);
  unmapHuge(gather, vma, start, end, true);
  gather.finish();
  if (vma.file !== undefined) world.trace("i_mmap_unlock_write", vma.file.name);
  open.gather = new Gather(world, vma.mm);
}

/** madvise_free_single_vma(): pages become clean and old, and stay. */
function lazyFree(world: World, vma: Vma, start: number, end: number, open: Open): number {
  const gather = open.gather ?? new Gather(world, vma.mm);
  forEachLeaf(vma.mm, start, end, (leaf, at, span) => {
    if ((!leaf.dirty && !leaf.young) || leaf.page.kind === "zero") return;
    leaf.dirty = false;
    leaf.young = false;
    gather.record(at, span, span === PAGE ? 1 : 2);
  });
  if (open.gather === undefined) gather.finish();
  return 0;
}

/** madvise_cold(): what was used is flushed, so that its next use shows. */
function makeOld(world: World, vma: Vma, start: number, end: number): number {
  drainLru(world.cpuAt(world.cpu));
  const gather = new Gather(world, vma.mm);
  forEachLeaf(vma.mm, start, end, (leaf, at, span) => {
    if (!leaf.young || leaf.page.kind === "zero") return;
    leaf.young = false;
    gather.record(at, span, span === PAGE ? 1 : 2);
  });
  gather.finish();
  return 0;
}

/** faultin_page_range(): as if each page were read, or written with what it holds. */
function populate(world: World, vma: Vma, start: number, end: number, write: boolean): number {
  if (vma.none || (write && !vma.write)) return EINVAL;
  for (let at = start; at < end; at += vma.huge ? HUGE : PAGE) {
    const value = write ? (walk(vma.mm.root, at)?.leaf.page.value ?? 0) : undefined;
    if (access(world, vma.mm, at, value) !== 0) return EFAULT;
  }
  return 0;
}

// --- files ---

/** ftruncate(). Gives 0 or an errno. */
export function truncateFile(world: World, file: File, size: number): number {
  if (file.huge && size % HUGE !== 0) return EINVAL;
  shrinkFile(world, file, size);
  return 0;
}

function shrinkFile(world: World, file: File, size: number): void {
  const before = file.size;
  file.size = size;
  if (file.huge) {
    if (size < before) removeHuge(world, file, Math.ceil(size / HUGE), Number.MAX_SAFE_INTEGER, true);
    return;
  }
  // What was copied from the file while its pages went is unmapped in a second round.
  if (size < before) shrinkPages(world, file, up(size, PAGE), Number.MAX_SAFE_INTEGER, 2);
}

/** fallocate(FALLOC_FL_PUNCH_HOLE), and MADV_REMOVE. */
export function punchFile(world: World, file: File, from: number, to: number): void {
  if (!file.huge) {
    if (up(from, PAGE) < down(to, PAGE)) shrinkPages(world, file, up(from, PAGE), down(to, PAGE), 1);
    return;
  }
  const start = up(from, HUGE) / HUGE;
  const end = down(to, HUGE) / HUGE;
  if (start < end) removeHuge(world, file, start, end, false);
}

/** unmap_mapping_range() before (and after) the pages leave the cache: each mapping has its own gathers. */
function shrinkPages(world: World, file: File, from: number, to: number, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    for (const vma of [...file.vmas]) {
      const start = Math.max(vma.start, vma.start + from - vma.offset);
      const end = Math.min(vma.end, vma.start + to - vma.offset);
      if (start >= end) continue;
      const gather = new Gather(world, vma.mm);
      // A hole leaves the copies of private mappings alone; a truncation takes them too.
      zapRange(gather, vma, start, end, { sparesCopies: rounds === 1 });
      gather.finish();
    }
    if (round === 0) {
      world.onGap(world);
      for (const index of file.cache.keys()) if (index * PAGE >= from && index * PAGE < to) file.cache.delete(index);
    }
  }
}

/** hugetlb_vmdelete_list() under one lock, then the pages leave the cache one by one. */
function removeHuge(world: World, file: File, from: number, to: number, truncated: boolean): void {
  world.trace("i_mmap_lock_write", file.name);
  vmdelete(world, file, from, to);
  world.trace("i_mmap_unlock_write", file.name);
  world.onGap(world);
  for (const index of [...file.cache.keys()].sort((a, b) => a - b)) {
    if (index < from || index >= to || (file.cache.get(index)?.maps ?? 0) === 0) continue;
    // A fault has mapped it again since: it is unmapped once more, alone.
    world.trace("i_mmap_lock_write", file.name);
    vmdelete(world, file, index, index + 1, world.features.vmaLock);
    world.trace("i_mmap_unlock_write", file.name);
  }
  dropCached(world, file, from, to, truncated);
}

/** `mapping` asks each VMA first whether it maps the page: hugetlb_unmap_file_folio() since 6.1 (378397ccb8e5). */
function vmdelete(world: World, file: File, from: number, to: number, mapping = false): void {
  for (const vma of inTree(file)) {
    const start = Math.max(vma.start, vma.start + from * HUGE - vma.offset);
    const end = Math.min(vma.end, vma.start + to * HUGE - vma.offset);
    if (start >= end || (mapping && walk(vma.mm.root, start)?.leaf.page !== file.cache.get(from))) continue;
    const gather = new Gather(world, vma.mm);
    unmapHuge(gather, vma, start, end, true);
    gather.finish();
  }
}

/** VMAs in the order of the interval tree: by offset, then as they came. */
const inTree = (file: File): Vma[] => [...file.vmas].sort((a, b) => a.offset - b.offset);

// --- the end of a process ---

/** exit_mmap(): the CPUs that ran it are lazy by now. */
export function exitMm(world: World, mm: Mm, pages: number): void {
  for (const cpu of world.cpus) if (cpu.loaded === mm) cpu.lazy = true;
  drainLru(world.cpuAt(world.cpu));
  const gather = new Gather(world, mm, "full");
  const gone = mm.vmas.splice(0);
  // The program's own pages, which no script and no log tells of.
  for (let i = 0; i < pages; i++) gather.queue(undefined);
  for (const vma of gone) unmapVma(gather, vma);
  freePgtables(gather, gone, 0, 0);
  gather.finish();
  dropMm(world, mm);
  mm.alive = false;
  world.tables[4] = (world.tables[4] ?? 0) - 1;
}
