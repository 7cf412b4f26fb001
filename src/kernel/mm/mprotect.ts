/**
 * mm/mprotect.c and hugetlb_change_protection [S: 972d, a4a1, 4838; T: d833352a4338].
 *
 * mprotect of a part splits the VMA first. The small VMA covers no whole GiB, so its flush is not widened although a
 * shared table is cleared as a whole: a mistake of every edition here, repaired by b30c14cd6102 (6.2).
 */

import { Reg } from "../../../assembly/abi/operands.js";
import { VmaFlag } from "../../../assembly/abi/records.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";
import { huge_pmd_unshare } from "./hugetlb.js";
import { BATCHED, flush_tlb_batched_pending } from "./reclaim.js";

const SPLIT_PTL = "split page-table locks, 3.13 [M]";

/** RANGE_START, RANGE_END hold the range to flush if anything was unshared; START, END of the VMA's part otherwise. */
const flush: readonly Line[] = [
  k.if_set(Reg.FORCE_FLUSH, "widened"),
  k.move(Reg.RANGE_START, Reg.NEW_START),
  k.move(Reg.RANGE_END, Reg.LAST),
  ...at("widened"),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.PMD),
  k.check_range(),
  arch("flush_tlb_range"),
];

/** Changes [ADDRESS, LAST) of VMA to PROT. */
const hugetlb_change_protection = listing("mm/hugetlb.c", "hugetlb_change_protection", [
  k.set(Reg.FORCE_FLUSH, 0),
  k.move(Reg.NEW_START, Reg.ADDRESS),
  k.move(Reg.RANGE_START, Reg.ADDRESS),
  k.move(Reg.RANGE_END, Reg.LAST),
  since("4.19", "dff11abe280b, 4.19 [M]", k.widen_range()),
  k.lock_write(k.I_MMAP),
  until("5.15", SPLIT_PTL, k.lock_write(k.PAGE_TABLE_LOCK)),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.LAST, "out")),
  k.walk(Reg.ADDRESS, k.PMD),
  k.if_zero(Reg.ENTRY, "advance"),
  since("5.15", SPLIT_PTL, k.lock_write(k.PTL)),
  huge_pmd_unshare,
  k.if_zero(Reg.TMP, "ordinary"),
  since("4.19", "dff11abe280b, 4.19 [M]", k.set(Reg.FORCE_FLUSH, 1)),
  k.jump("unlock"),
  ...at("ordinary", k.protect_entry(k.PMD)),
  ...at("unlock"),
  since("5.15", SPLIT_PTL, k.unlock(k.PTL)),
  ...at("advance", k.add_pages(Reg.ADDRESS, k.PMD)),
  k.jump("next"),
  ...at("out"),
  until("5.15", SPLIT_PTL, k.unlock(k.PAGE_TABLE_LOCK)),
  until("3.6", "d833352a4338", k.unlock(k.I_MMAP)),
  ...flush,
  since("3.6", "d833352a4338", k.unlock(k.I_MMAP)),
]);

/**
 * [ADDRESS, LAST) of VMA, a table at a time under its lock. VALUE: whether anything must be flushed: up to 5.18 as soon
 * as a present entry was visited, later only if one was changed [S: 6.1.192; T: c9fe66560bf2].
 */
const change_protection_range = listing("mm/mprotect.c", "change_protection_range", [
  k.set(Reg.NEED_FLUSH, 0),
  k.move(Reg.RANGE_START, Reg.ADDRESS),
  k.move(Reg.NEW_START, Reg.ADDRESS),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.LAST, "out")),
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "missing"),
  k.lock_write(k.PTL),
  since("4.13", BATCHED, flush_tlb_batched_pending),
  p.protect_ptes(Reg.TMP),
  k.unlock(k.PTL),
  since("5.19", "c9fe66560bf2", k.test(Reg.TMP, Reg.TMP, p.PROTECT_CHANGED)),
  k.if_zero(Reg.TMP, "next"),
  k.set(Reg.NEED_FLUSH, 1),
  k.jump("next"),
  ...at("missing", p.skip_table()),
  k.jump("next"),
  ...at("out", k.if_zero(Reg.NEED_FLUSH, "none")),
  k.move(Reg.RANGE_START, Reg.NEW_START),
  k.move(Reg.RANGE_END, Reg.LAST),
  ...p.flush_tlb_range,
  ...at("none"),
]);

export const mprotect = listing("mm/mprotect.c", "mprotect", [
  k.lock_write(k.MMAP_LOCK),
  k.protect_vmas(),
  k.move(Reg.ADDRESS, Reg.START),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.END, "out")),
  k.find_vma(Reg.ADDRESS),
  k.if_zero(Reg.VMA, "out"),
  k.test(Reg.TMP, Reg.TMP, VmaFlag.HUGETLB),
  k.if_zero(Reg.TMP, "ordinary"),
  k.vma_bounds(Reg.TMP),
  hugetlb_change_protection,
  k.jump("advance"),
  ...at("ordinary", k.vma_bounds(Reg.TMP), change_protection_range),
  ...at("advance", k.move(Reg.ADDRESS, Reg.LAST)),
  k.jump("next"),
  ...at("out", k.unlock(k.MMAP_LOCK), k.ret(true)),
]);
