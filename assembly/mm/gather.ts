/**
 * struct mmu_gather: what a task has unmapped and not yet flushed or freed.
 *
 * Protocol
 *   Each record widens the range and sets the bit of its level. tlb_flush_mmu_tlbonly does nothing unless something was
 *   recorded; a flush resets the range; the batch is freed after it.
 *   A task has one gather at a time; several tasks may have gathers open on one mm, and then the one that finishes
 *   flushes everything (tlb_finish_mmu, mm_tlb_flush_nested).
 *
 * Reference: include/asm-generic/tlb.h, mm/mmu_gather.c [S: kernel.md 3].
 */

import { Fault } from "../abi/events";
import { Boot } from "../abi/layout";
import { Reg } from "../abi/operands";
import { Mm, Rest } from "../abi/records";
import { Gather, GatherBit } from "../abi/tasks";
import { violation } from "../ghost/report";
import { checkRecorded } from "../ghost/rules";
import { pagesOf, spaceEnd } from "../hw/tables";
import { boot, bump, gatherOf, get, getLong, mmAt, peek, put, putLong, reg, regWord, restAt, setReg } from "../word";

export function isOpen(gather: u32): bool {
  return get(gather + Gather.MM) != 0;
}

export function start(task: u32, fullmm: u32): void {
  const gather = gatherOf(task);
  const mm = regWord(task, Reg.MM);
  if (isOpen(gather)) violation(Fault.UNBALANCED, 0, 1);
  put(gather + Gather.MM, mm + 1);
  put(gather + Gather.BITS, fullmm != 0 ? GatherBit.FULLMM : 0);
  put(gather + Gather.COUNT, 0);
  reset(gather);
  bump(mmAt(mm) + Mm.FLUSH_PENDING, 1);
}

/** What a reset leaves alone. */
const KEPT: u32 = GatherBit.FULLMM | GatherBit.FULLY_UNSHARED | GatherBit.PFN;

/** __tlb_reset_range */
export function reset(gather: u32): void {
  const whole = (get(gather + Gather.BITS) & GatherBit.FULLMM) != 0;
  putLong(gather + Gather.START, whole ? 0 : spaceEnd());
  putLong(gather + Gather.END, whole ? spaceEnd() : 0);
  // fully_unshared_tables outlives a reset: only the interrupt that it asks for clears it [S: kernel.md 1.4 d4].
  put(gather + Gather.BITS, get(gather + Gather.BITS) & KEPT);
}

/** __tlb_adjust_range and one cleared_* bit. */
export function record(gather: u32, at: u64, pages: u64, bits: u32): void {
  if (at < getLong(gather + Gather.START)) putLong(gather + Gather.START, at);
  if (at + pages > getLong(gather + Gather.END)) putLong(gather + Gather.END, at + pages);
  put(gather + Gather.BITS, get(gather + Gather.BITS) | bits);
}

/** tlb_get_unmap_shift: the smallest level with a cleared bit, 0 by default. */
function strideOf(bits: u32): u32 {
  for (let level: u32 = 0; level < 4; level++) if ((bits & (1 << level)) != 0) return level;
  return 0;
}

/** The flush that tlb_flush() would ask for, in the registers that the back-ends read. */
export function loadRange(task: u32): void {
  const gather = gatherOf(task);
  const bits = get(gather + Gather.BITS);
  setReg(task, Reg.FLUSH_MM, get(gather + Gather.MM) - 1);
  setReg(task, Reg.RANGE_START, getLong(gather + Gather.START));
  setReg(task, Reg.RANGE_END, getLong(gather + Gather.END));
  setReg(task, Reg.STRIDE, strideOf(bits));
  setReg(task, Reg.TABLES, (bits & GatherBit.FREED_TABLES) != 0 ? 1 : 0);
  setReg(task, Reg.FULL, (bits & GatherBit.FULLMM) != 0 ? 1 : 0);
}

/** Queues a frame for freeing; true when the batch has no room for another. */
export function queue(gather: u32, frame: u32): bool {
  const count = get(gather + Gather.COUNT);
  put(gather + Gather.WORDS + count, frame);
  put(gather + Gather.COUNT, count + 1);
  return count + 1 >= boot(Boot.BATCH);
}

/** The oracle's question before a flush: does what was recorded contain what was cleared? */
export function checkGather(task: u32): void {
  const gather = gatherOf(task);
  const bits = get(gather + Gather.BITS);
  const from = getLong(gather + Gather.START);
  const to = getLong(gather + Gather.END);
  const tables = (bits & (GatherBit.FREED_TABLES | GatherBit.UNSHARED)) != 0;
  checkRecorded(get(gather + Gather.MM) - 1, from, to, tables, (bits & GatherBit.FULLMM) != 0);
}

/** TTL level hint (level + 1) when exactly one level was cleared and no table freed; else 0. */
export function levelHint(task: u32): u32 {
  const bits = get(gatherOf(task) + Gather.BITS);
  if ((bits & GatherBit.FREED_TABLES) != 0) return 0;
  const cleared = bits & 15;
  return cleared != 0 && (cleared & (cleared - 1)) == 0 ? strideOf(bits) + 1 : 0;
}

export function recordTable(gather: u32, at: u64, level: u32): void {
  record(gather, at, 1, GatherBit.FREED_TABLES | (level < 4 ? 1 << level : 0));
}

export function finish(task: u32): void {
  const gather = gatherOf(task);
  if (!isOpen(gather)) {
    violation(Fault.UNBALANCED, 0, 2);
    return;
  }
  if ((get(gather + Gather.BITS) & GatherBit.FULLY_UNSHARED) != 0) violation(Fault.UNBALANCED, 0, 30);
  // While the count is a bool elsewhere (up to 4.12), somebody may have cleared it.
  const pending = mmAt(get(gather + Gather.MM) - 1) + Mm.FLUSH_PENDING;
  if ((isCount ? peek(pending) : get(pending)) != 0) bump(pending, -1);
  put(gather + Gather.MM, 0);
  putLong(gather + Gather.START, 0);
  putLong(gather + Gather.END, 0);
  put(gather + Gather.BITS, 0);
}

/**
 * Whether FLUSH_PENDING is a count throughout: then who has counted up can count down without looking, and two who do
 * can change places. The search looks through the listings for a line that treats it as a bool.
 */
let isCount: bool = false;

export function setPendingIsCount(on: bool): void {
  isCount = on;
}

/** tlb_unshare_pmd_ptdesc: TABLE has been left, and is exclusive to its last sharer when it counts no other. */
export function unshare(task: u32): void {
  const bits = gatherOf(task) + Gather.BITS;
  const isLast = get(restAt(regWord(task, Reg.TABLE)) + Rest.SHARE) == 0;
  put(bits, get(bits) | GatherBit.UNSHARED | (isLast ? <u32>GatherBit.FULLY_UNSHARED : 0));
}

export function hasUnshared(gather: u32, fully: bool): bool {
  return (get(gather + Gather.BITS) & (fully ? <u32>GatherBit.FULLY_UNSHARED : <u32>GatherBit.UNSHARED)) != 0;
}

export function synced(gather: u32): void {
  put(gather + Gather.BITS, get(gather + Gather.BITS) & ~(<u32>GatherBit.FULLY_UNSHARED));
}

/** tlb_finish_mmu with another gather open: flush the whole mm, tables included. */
export function promote(gather: u32): void {
  const fully = get(gather + Gather.BITS) & GatherBit.FULLY_UNSHARED;
  put(gather + Gather.BITS, GatherBit.FULLMM);
  reset(gather);
  put(gather + Gather.BITS, GatherBit.FULLMM | GatherBit.FREED_TABLES | fully);
}

export function recordRange(task: u32, register: u32, level: u32, cleared: u32): void {
  record(gatherOf(task), reg(task, register), pagesOf(level), 1 << cleared);
}

/** What tlb_flush_mmu_tlbonly asks first. */
export function needsFlush(gather: u32): bool {
  return (get(gather + Gather.BITS) & GatherBit.NEEDS_FLUSH) != 0;
}

/** Gathers open on the gather's mm, this one included. */
export function openOnMm(gather: u32): u32 {
  return get(mmAt(get(gather + Gather.MM) - 1) + Mm.FLUSH_PENDING);
}

export function queuePage(task: u32): bool {
  return queue(gatherOf(task), regWord(task, Reg.PAGE));
}

export function isFull(gather: u32): bool {
  return get(gather + Gather.COUNT) >= boot(Boot.BATCH);
}

/** vma_pfn: set by the zap of a VMA without counted frames, kept until the gather ends. */
export function hasPfn(gather: u32): bool {
  return (get(gather + Gather.BITS) & GatherBit.PFN) != 0;
}

/** Up to 5.5 tlb_flush_mmu_tlbonly asked for a range, not for what was recorded in it. */
export function hasSpan(gather: u32): bool {
  return getLong(gather + Gather.END) != 0;
}

/** tlb_finish_mmu of 4.13 to 5.1 with another gather open: the call's range, and no word of levels and tables. */
export function force(task: u32, ofCall: bool): void {
  const gather = gatherOf(task);
  reset(gather);
  const from = ofCall ? reg(task, Reg.START) : 0;
  const to = ofCall ? reg(task, Reg.END) : spaceEnd();
  record(gather, from, to - from, 0);
}

/** mm->tlb_flush_pending outside a gather: up to 4.12 a bool, then a count. */
export function setPending(task: u32, how: u32): void {
  const word = mmAt(regWord(task, Reg.MM)) + Mm.FLUSH_PENDING;
  if (how < 2) put(word, how);
  else bump(word, how == 2 ? -1 : 1);
}
