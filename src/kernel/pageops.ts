/**
 * The ops of ordinary pages in kernel spelling: base pages, moving, reclaim, write-back. Continues ops.ts.
 */

import { LockRef, Reg } from "../../assembly/abi/operands.js";
import { Op } from "../../assembly/abi/ops.js";
import { arch, type Line, type Lock, op, to } from "./listing.js";
import * as k from "./ops.js";

/** The lock of PAGE itself; inside mmap_lock, outside i_mmap [S: rmap.c header, 7.0rc6]. */
export const FOLIO_LOCK: Lock = { ref: LockRef.PAGE, rank: 2, name: "page lock" };

/** What ZAP_PTES and MOVE_PTES have met: bits of their results. */
export const ZAP_FULL = 1;
export const ZAP_DIRTY = 2;
export const MOVED_DIRTY = 2;
export const PROTECT_CHANGED = 2;

export const if_same = (a: Reg, b: Reg, label: string, text: string): Line => op(Op.BRANCH_EQ, [a, b, to(label)], text);

// --- entries of base pages ---
export const zap_ptes = (result: Reg, count: number, delayRmap = false): Line =>
  op(Op.ZAP_PTES, [result, count, delayRmap ? 1 : 0], "zap_pte_range()", "clears the base-page entries of {range}");
export const protect_ptes = (result: Reg): Line =>
  op(Op.PROTECT_PTES, [result], "change_pte_range()", "changes the rights of the base-page entries of {range}");
export const skip_table = (): Line => op(Op.SKIP_TABLE, [], "pmd_none_or_clear_bad()");
export const move_extent = (): Line => op(Op.MOVE_EXTENT, [], "get_extent()");
export const move_ptes = (result: Reg, guard: Lock): Line =>
  op(Op.MOVE_PTES, [result, guard.ref], "ptep_get_and_clear(), set_pte_at(new)", "moves the entries of {range}");

// --- pages of files ---
export const find_get_page = (): Line =>
  op(Op.GET_CACHED, [], "find_get_page()", "takes a reference of a page of {file}");
export const still_cached = (reg: Reg): Line => op(Op.STILL_CACHED, [reg], "page->mapping == mapping");

export const vma_file = (reg: Reg): Line => op(Op.VMA_FILE, [reg], "vma->vm_file");
export const make_writable = (): Line =>
  op(Op.MAKE_WRITABLE, [], "wp_page_reuse()", "the entry at {address} becomes writable and dirty");

// --- deferred flushes of reclaim ---
export const batch_read = (reg: Reg): Line =>
  op(Op.BATCH_READ, [reg], "atomic_read(&mm->tlb_flush_batched)", "asks whether reclaim still owes {mm} a flush");
export const batch_done = (byGeneration: boolean): Line =>
  op(
    Op.BATCH_DONE,
    [byGeneration ? 1 : 0],
    byGeneration ? "atomic_cmpxchg(&mm->tlb_flush_batched)" : "mm->tlb_flush_batched = false",
    "notes that nothing is owed to {mm} any more",
  );

/** [RANGE_START, RANGE_END) of MM, in base pages, tables too where the machine says so. */
export const flush_tlb_range: readonly Line[] = [
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.BASE),
  k.check_range(),
  arch("flush_tlb_range"),
];

/** Everything of MM. */
export const flush_tlb_mm: readonly Line[] = [
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.BASE),
  k.set(Reg.RANGE_START, 0),
  k.set(Reg.RANGE_END, 0),
  arch("flush_tlb_mm"),
];
