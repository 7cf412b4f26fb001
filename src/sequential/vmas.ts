/**
 * VMAs: mapping, splitting, merging, unmapping. mm/mmap.c and mm/vma.c.
 *
 * Reference: [S]; the order of unsharing and locking at a split by edition [R].
 */
import { drainLru } from "./fault.js";
import { Gather } from "./gather.js";
import { reserveFor, unmapHuge, unreserve, unshareAround } from "./hugetlb.js";
import { freePgtables } from "./pgtables.js";
import { down, GIB, HUGE, PAGE, up } from "./tables.js";
import { splitAt } from "./thp.js";
import { flushMmRange } from "./tlb.js";
import { type File, firstIndex, hex, type Mm, type Vma, type World } from "./world.js";
import { zapRange } from "./zap.js";

export const EINVAL = 22;
export const ENOMEM = 12;
export const EFAULT = 14;
export const EACCES = 13;

export interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly file?: File;
  readonly offset?: number;
  readonly shared?: boolean;
  /** MAP_HUGETLB without a file. */
  readonly huge?: boolean;
  readonly prot: "rw" | "r" | "none";
  readonly noreserve?: boolean;
}

/** mmap(MAP_FIXED). Gives 0 or an errno. */
export function mapRange(world: World, mm: Mm, mapping: Mapping): number {
  const huge = mapping.huge === true || mapping.file?.huge === true;
  const end = huge ? up(mapping.end, HUGE) : up(mapping.end, PAGE);
  if (end <= mapping.start || mapping.start % (huge ? HUGE : PAGE) !== 0) return EINVAL;
  if (huge && mapping.file !== undefined && (mapping.end - mapping.start) % HUGE !== 0) return EINVAL;
  if ((mapping.offset ?? 0) % (huge ? HUGE : PAGE) !== 0) return EINVAL;
  const over = firstIndex(mm, mapping.start);
  if (mm.vmas[over] !== undefined && (mm.vmas[over] as Vma).start < end) {
    const error = unmapRange(world, mm, mapping.start, end);
    if (error !== 0) return error;
  }
  const vma = newVma(mm, mapping, end, huge);
  if (huge && !reserveFor(world, vma)) return ENOMEM;
  if (vma.file !== undefined) {
    world.trace("i_mmap_lock_write", vma.file.name);
    vma.file.vmas.push(vma);
    world.trace("i_mmap_unlock_write", vma.file.name);
  }
  mm.vmas.splice(firstIndex(mm, vma.start), 0, vma);
  mergeAround(mm, vma.start, vma.end);
  return 0;
}

function newVma(mm: Mm, mapping: Mapping, end: number, huge: boolean): Vma {
  return {
    mm,
    start: mapping.start,
    end,
    ...(mapping.file === undefined ? {} : { file: mapping.file }),
    offset: mapping.file === undefined ? mapping.start : (mapping.offset ?? 0),
    shared: mapping.shared ?? false,
    huge,
    write: mapping.prot === "rw",
    none: mapping.prot === "none",
    locked: false,
    thp: false,
    anon: false,
    noreserve: mapping.noreserve ?? false,
    promised: new Set(),
  };
}

const follows = (a: Vma, b: Vma): boolean =>
  a.end === b.start &&
  a.file === b.file &&
  !a.huge &&
  !b.huge &&
  a.write === b.write &&
  a.none === b.none &&
  a.shared === b.shared &&
  a.thp === b.thp &&
  a.locked === b.locked &&
  a.offset + a.end - a.start === b.offset;

/** Joins VMAs that touch [start, end] and differ in nothing but their place. */
export function mergeAround(mm: Mm, start: number, end: number): void {
  let i = Math.max(0, firstIndex(mm, start) - 1);
  while (i + 1 < mm.vmas.length) {
    const a = mm.vmas[i] as Vma;
    const b = mm.vmas[i + 1] as Vma;
    if (a.start > end) return;
    if (!follows(a, b)) {
      i++;
      continue;
    }
    a.end = b.end;
    a.anon ||= b.anon;
    mm.vmas.splice(i + 1, 1);
    if (b.file !== undefined) b.file.vmas.splice(b.file.vmas.indexOf(b), 1);
  }
}

/** Splits the VMA that has an address inside it. Gives 0 or an errno. */
export function splitVma(world: World, mm: Mm, address: number): number {
  const index = firstIndex(mm, address);
  const vma = mm.vmas[index];
  if (vma === undefined || vma.start >= address) return 0;
  if (vma.huge && address % HUGE !== 0) return EINVAL;
  const { splitUnshare } = world.features;
  const cuts = vma.huge && vma.shared && address % GIB !== 0 && splitUnshare !== "none";
  if (cuts && splitUnshare === "before-lock") unshareCut(world, vma, address);
  if (vma.file !== undefined) world.trace("i_mmap_lock_write", vma.file.name);
  if (cuts && splitUnshare === "under-lock") unshareCut(world, vma, address);
  if (!vma.huge) splitAt(world, mm, address);
  const upper: Vma = { ...vma, start: address, offset: vma.offset + address - vma.start, promised: new Set() };
  for (const at of vma.promised) if (at >= address) upper.promised.add(at);
  for (const at of upper.promised) vma.promised.delete(at);
  vma.end = address;
  mm.vmas.splice(index + 1, 0, upper);
  vma.file?.vmas.splice(vma.file.vmas.indexOf(vma) + 1, 0, upper);
  if (vma.file !== undefined) world.trace("i_mmap_unlock_write", vma.file.name);
  return 0;
}

/** hugetlb_unshare_pmds(): the GiB that the cut goes through, if the VMA held all of it. */
function unshareCut(world: World, vma: Vma, address: number): void {
  const start = down(address, GIB);
  if (start < vma.start || start + GIB > vma.end) return;
  world.trace("unshare_range", hex(start), hex(start + GIB));
  if (world.features.unshareFlush === "gather") {
    const gather = new Gather(world, vma.mm, "vma");
    unshareAround(world, gather, vma, start);
    gather.flushUnshared();
    gather.finish();
    return;
  }
  unshareAround(world, undefined, vma, start);
  flushMmRange(world, vma.mm, start, start + GIB, 21, world.features.rangeFreesTables);
}

/** munmap(). Gives 0 or an errno. */
export function unmapRange(world: World, mm: Mm, start: number, end: number): number {
  const first = mm.vmas[firstIndex(mm, start)];
  if (first === undefined || first.start >= end) return 0;
  const error = splitVma(world, mm, start) || splitVma(world, mm, end);
  if (error !== 0) return error;
  const from = firstIndex(mm, start);
  const to = firstIndex(mm, end - 1) + ((mm.vmas[firstIndex(mm, end - 1)]?.start ?? end) < end ? 1 : 0);
  const gone = mm.vmas.splice(from, to - from);
  drainLru(world.cpuAt(world.cpu));
  const gather = new Gather(world, mm);
  for (const vma of gone) unmapVma(gather, vma);
  freePgtables(gather, gone, mm.vmas[from - 1]?.end ?? 0, mm.vmas[from]?.start ?? 0);
  gather.finish();
  for (const vma of gone) unreserve(world, vma);
  return 0;
}

/** unmap_single_vma(): huge pages under the file's lock. */
export function unmapVma(gather: Gather, vma: Vma): void {
  if (!vma.huge) {
    zapRange(gather, vma, vma.start, vma.end);
    return;
  }
  lockedUnmap(gather, vma, vma.start, vma.end, false);
}

export function lockedUnmap(gather: Gather, vma: Vma, start: number, end: number, isZap: boolean): void {
  const { world } = gather;
  if (vma.file !== undefined) world.trace("i_mmap_lock_write", vma.file.name);
  unmapHuge(gather, vma, start, end, isZap);
  if (vma.file !== undefined) world.trace("i_mmap_unlock_write", vma.file.name);
}
