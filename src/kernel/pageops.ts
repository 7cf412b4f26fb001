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
export const protect_ptes = (result: Reg, recorded = false): Line =>
  op(
    Op.PROTECT_PTES,
    [result, recorded ? 1 : 0],
    "change_pte_range()",
    "changes the rights of the base-page entries of {range}",
  );
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

export const file_level = (reg: Reg): Line => op(Op.FILE_LEVEL, [reg], "folio_test_large()");
export const page_dirty = (reg: Reg): Line => op(Op.PAGE_DIRTY, [reg], "PageDirty()");
export const batch_due = (reg: Reg): Line => op(Op.BATCH_DUE, [reg], "tlb_ubc->flush_required");
export const batch_reset = (): Line => op(Op.BATCH_RESET, [], "tlb_ubc->flush_required = false");
export const batch_defer = (reg: Reg): Line => op(Op.BATCH_DEFER, [reg], "arch_tlbbatch_should_defer()");
export const batch_mark = (byGeneration: boolean, old: Reg): Line =>
  op(
    Op.BATCH_MARK,
    [byGeneration ? 1 : 0, old],
    byGeneration ? "atomic_inc(&mm->tlb_flush_batched)" : "mm->tlb_flush_batched = true",
    "notes that a flush is owed to {mm}",
  );

// --- gathers ---
export const gather_pfn = (reg: Reg): Line => op(Op.GATHER_PFN, [reg], "tlb->vma_pfn");
export const gather_span = (reg: Reg): Line => op(Op.GATHER_SPAN, [reg], "if (!tlb->end) return");
export const gather_force = (ofCall: boolean): Line =>
  op(Op.GATHER_FORCE, [ofCall ? 1 : 0], "__tlb_reset_range(); __tlb_adjust_range(start, end)");
export const flush_rmaps = (): Line =>
  op(Op.FLUSH_RMAPS, [], "tlb_flush_rmaps()", "the map counts fall now that the flush is done");
export const flush_pending = (how: 0 | 1 | 2 | 3): Line =>
  op(
    Op.PENDING,
    [how],
    [
      "mm->tlb_flush_pending = false",
      "mm->tlb_flush_pending = true",
      "atomic_dec(&mm->tlb_flush_pending)",
      "atomic_inc(&mm->tlb_flush_pending)",
    ][how] as string,
    how % 2 === 1 ? "says that a flush of {mm} is pending" : "says that its flush of {mm} is done",
  );
export const read_flush_pending = (reg: Reg): Line =>
  op(Op.PENDING_READ, [reg], "mm_tlb_flush_pending()", "asks whether a flush of {mm} is pending");
export const set_protnone = (): Line =>
  op(
    Op.SET_PROTNONE,
    [],
    "pte_modify(PAGE_NONE)",
    "makes the entry at {address} a hint: hardware faults, page {page} stays",
  );

// --- write-back ---
export const mark_dirty = (old: Reg): Line =>
  op(Op.MARK_DIRTY, [old], "folio_mark_dirty()", "page {page} is dirty if its entry was");
export const clear_dirty = (reg: Reg): Line =>
  op(Op.CLEAR_DIRTY, [reg], "TestClearPageDirty()", "takes the dirty mark from page {page}");
export const write_out = (): Line =>
  op(Op.WRITE_OUT, [], "submit_bio()", "the device takes the content of page {page}");
export const await_zapped = (): Line =>
  op(Op.AWAIT_ZAPPED, [], "(scenario)", "goes on now that the page's entry is empty");

// --- frames that nobody counts ---
export const device_page = (reg: Reg): Line => op(Op.DEVICE_PAGE, [reg], "vmf_insert_pfn()", "finds the driver's page");
export const get_huge_zero_page = (reg: Reg): Line =>
  op(Op.GET_HUGE_ZERO, [reg], "get_huge_zero_page()", "takes a reference of the huge zero page");
export const shrink_huge_zero_page = (): Line =>
  op(Op.SHRINK_HUGE_ZERO, [], "shrink_huge_zero_page_scan()", "frees the huge zero page if nobody maps it");
