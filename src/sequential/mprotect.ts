/**
 * mprotect() of mm/mprotect.c, and of hugetlb.
 *
 * Up to 5.18 each piece of a VMA is flushed as a whole when anything in it was present. Then a gather takes on what
 * lost or gained a right that a TLB can hold.
 *
 * Reference: change_pte_range(), change_huge_pmd(), hugetlb_change_protection(), pte_needs_flush() [S]; by edition [R].
 */
import { Gather } from "./gather.js";
import { unshare } from "./hugetlb.js";
import { down, GIB, HUGE, indexOf, isTable, type Leaf, PAGE, pieces, type Table, tableAt } from "./tables.js";
import { splitPmd } from "./thp.js";
import { flushMmRange } from "./tlb.js";
import { ENOMEM, mergeAround, splitVma } from "./vmas.js";
import { firstIndex, type Mm, type Vma, type World } from "./world.js";

export type Prot = "rw" | "r" | "none";

/** Gives 0 or an errno. */
export function protect(world: World, mm: Mm, start: number, end: number, prot: Prot): number {
  const first = mm.vmas[firstIndex(mm, start)];
  if (first === undefined || first.start > start) return ENOMEM;
  const gather = world.features.mprotectGathers ? new Gather(world, mm) : undefined;
  let error = 0;
  for (let at = start; at < end && error === 0; ) {
    const vma = mm.vmas[firstIndex(mm, at)];
    if (vma === undefined || vma.start > at) {
      error = ENOMEM;
      break;
    }
    const to = Math.min(end, vma.end);
    error = protectPiece(world, gather, vma, at, to, prot);
    at = to;
  }
  gather?.finish();
  return error;
}

/** mprotect_fixup() */
function protectPiece(
  world: World,
  gather: Gather | undefined,
  vma: Vma,
  start: number,
  end: number,
  prot: Prot,
): number {
  const write = prot === "rw";
  const none = prot === "none";
  if (vma.write === write && vma.none === none) return 0;
  const { mm } = vma;
  const error = splitVma(world, mm, start) || splitVma(world, mm, end);
  if (error !== 0) return error;
  const piece = mm.vmas[firstIndex(mm, start)] as Vma;
  piece.write = write;
  piece.none = none;
  if (piece.huge) protectHuge(world, piece, start, end);
  else if (gather !== undefined) protectBase(gather, piece, start, end);
  else protectAndFlush(world, piece, start, end);
  mergeAround(mm, start, end);
  return 0;
}

/** Visits the present entries of [start, end); a huge entry that is covered in part is split first. */
function visit(world: World, mm: Mm, start: number, end: number, each: (leaf: Leaf, at: number, span: number) => void) {
  for (const [gibStart, gibEnd] of pieces(start, end, 3)) {
    const pmds = tableAt(mm.root, gibStart, 2);
    if (pmds === undefined) continue;
    for (const [at, next] of pieces(gibStart, gibEnd, 2)) visitPmd(world, mm, pmds, at, next, each);
  }
}

function visitPmd(
  world: World,
  mm: Mm,
  pmds: Table,
  at: number,
  next: number,
  each: (leaf: Leaf, at: number, span: number) => void,
): void {
  const entry = pmds.entries[indexOf(at, 2)];
  if (entry !== undefined && !isTable(entry)) {
    if (next - at === HUGE) {
      each(entry, at, HUGE);
      return;
    }
    splitPmd(world, mm, pmds, at);
  }
  const table = pmds.entries[indexOf(at, 2)];
  if (!isTable(table)) return;
  for (let page = at; page < next; page += PAGE) {
    const leaf = table.entries[indexOf(page, 1)];
    if (leaf !== undefined && !isTable(leaf)) each(leaf, page, PAGE);
  }
}

/** Since 5.19: what a TLB could still allow, or should now allow, goes into the gather. */
function protectBase(gather: Gather, vma: Vma, start: number, end: number): void {
  visit(gather.world, vma.mm, start, end, (leaf, at, span) => {
    const wrote = leaf.write;
    const hid = leaf.none;
    leaf.none = vma.none;
    leaf.write = !vma.none && (vma.write ? leaf.write || mayUpgrade(gather.world, vma, leaf, span) : false);
    const changed = leaf.write !== wrote || leaf.none;
    if (!hid && changed) gather.record(at, span, span === PAGE ? 1 : 2);
  });
}

/** can_change_pte_writable(): pages of one's own, and dirty ones of a shared file. */
function mayUpgrade(world: World, vma: Vma, leaf: Leaf, span: number): boolean {
  if (vma.shared) return leaf.page.kind === "file";
  const { upgradeWritable, upgradeWritableHuge } = world.features;
  return (span === PAGE ? upgradeWritable : upgradeWritableHuge) && leaf.page.exclusive;
}

/** Up to 5.18: every huge entry is flushed for itself, and then the piece. */
function protectAndFlush(world: World, vma: Vma, start: number, end: number): void {
  let pages = 0;
  visit(world, vma.mm, start, end, (leaf, at, span) => {
    pages++;
    leaf.none = vma.none;
    leaf.write = !vma.none && vma.write && vma.shared && leaf.page.kind === "file";
    if (span === HUGE) flushMmRange(world, vma.mm, at, at + HUGE, 12, world.features.rangeFreesTables);
  });
  if (pages > 0) flushMmRange(world, vma.mm, start, end, 12, world.features.rangeFreesTables);
}

/** hugetlb_change_protection(): tables that others share are left, not changed. */
function protectHuge(world: World, vma: Vma, start: number, end: number): void {
  const tracked = world.features.unshareFlush === "gather";
  const gather = tracked ? new Gather(world, vma.mm, "vma") : undefined;
  if (vma.file !== undefined) world.trace("i_mmap_lock_write", vma.file.name);
  let unshared = false;
  for (let at = start; at < end; at += HUGE) {
    const pmds = tableAt(vma.mm.root, at, 2);
    if (pmds === undefined || unshare(world, gather, vma.mm, at)) {
      unshared ||= pmds !== undefined;
      at = down(at, GIB) + GIB - HUGE;
      continue;
    }
    const leaf = pmds.entries[indexOf(at, 2)];
    if (leaf === undefined || isTable(leaf)) continue;
    leaf.none = vma.none;
    leaf.write = vma.write && (vma.shared ? leaf.dirty : false);
    gather?.record(at, HUGE, 2);
  }
  if (gather !== undefined) {
    gather.flushTlb();
    gather.flushUnshared();
  } else flushHuge(world, vma, start, end, unshared);
  if (vma.file !== undefined) world.trace("i_mmap_unlock_write", vma.file.name);
  gather?.finish();
}

/** flush_hugetlb_tlb_range(): widened to whole GiBs when one was left, as far as the VMA reaches. */
export function flushHuge(world: World, vma: Vma, start: number, end: number, unshared: boolean): void {
  const first = down(start, GIB);
  const last = Math.ceil(end / GIB) * GIB;
  const from = unshared && first >= vma.start ? first : start;
  const to = unshared && last <= vma.end ? last : end;
  flushMmRange(world, vma.mm, from, to, 21, world.features.rangeFreesTables);
}
