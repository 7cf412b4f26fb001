/**
 * mm/mprotect.c and hugetlb_change_protection [S: 972d, a4a1, 4838; T: d833352a4338].
 *
 * mprotect of a part splits the VMA first. The small VMA covers no whole GiB, so its flush is not widened although a
 * shared table is cleared as a whole: a mistake up to 6.1, repaired by b30c14cd6102 (6.2), which unshares at the split.
 */

import { Reg } from "../../../assembly/abi/operands.js";
import { VmaFlag } from "../../../assembly/abi/records.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";
import { BATCHED, flush_tlb_batched_pending } from "./batched.js";
import { tlb_finish_mmu, tlb_flush_mmu, tlb_flush_mmu_tlbonly } from "./gather.js";
import { GATHERED, huge_pmd_unshare, huge_pmd_unshare_flush } from "./hugetlb.js";
import { splitEnds } from "./hugetlb-unshare.js";
import { VMA_LOCK, vma_end_write_all, vma_start_write } from "./locking.js";

const SPLIT_PTL = "cb900f412154";
const WIDENED = "dff11abe280b";

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
  since("4.19", WIDENED, k.widen_range()),
  // A task has one gather here: mprotect's own, if it is open, is finished first [D].
  since(
    "7.0",
    GATHERED,
    k.if_zero(Reg.NEED_FLUSH, "alone"),
    tlb_finish_mmu,
    k.set(Reg.NEED_FLUSH, 0),
    ...at("alone", k.tlb_gather_mmu()),
  ),
  since("6.1", VMA_LOCK, k.lock_write(k.VMA_LOCK)),
  k.lock_write(k.I_MMAP),
  until("3.13", SPLIT_PTL, k.lock_write(k.PAGE_TABLE_LOCK)),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.LAST, "out")),
  k.walk(Reg.ADDRESS, k.PMD),
  k.if_zero(Reg.ENTRY, "advance"),
  since("3.13", SPLIT_PTL, k.lock_write(k.PTL)),
  huge_pmd_unshare,
  k.if_zero(Reg.TMP, "ordinary"),
  since("4.19", WIDENED, k.set(Reg.FORCE_FLUSH, 1)),
  k.jump("unlock"),
  ...at("ordinary", k.protect_entry(k.PMD)),
  since("7.0", GATHERED, k.record(Reg.ADDRESS, k.PMD, k.PMD, "tlb_remove_huge_tlb_entry()")),
  ...at("unlock"),
  since("3.13", SPLIT_PTL, k.unlock(k.PTL)),
  ...at("advance", k.add_pages(Reg.ADDRESS, k.PMD)),
  k.jump("next"),
  ...at("out"),
  until("3.13", SPLIT_PTL, k.unlock(k.PAGE_TABLE_LOCK)),
  until("3.6", "d833352a4338", k.unlock(k.I_MMAP)),
  until("7.0", GATHERED, ...flush),
  since("7.0", GATHERED, tlb_flush_mmu_tlbonly, huge_pmd_unshare_flush),
  since("3.6", "d833352a4338", k.unlock(k.I_MMAP)),
  since("6.1", VMA_LOCK, k.unlock(k.VMA_LOCK)),
  // mprotect's own gather (4a18419f71cd [M]) is open on the mm too, so this one ends with everything flushed.
  since("7.0", GATHERED, k.set(Reg.TMP, 2), k.gather_promote(Reg.TMP), tlb_flush_mmu, k.gather_finish()),
]);

const ONE_GATHER = "4a18419f71cd";
const PENDING = "16af97dc5a89";

/**
 * [ADDRESS, LAST) of VMA, a table at a time under its lock. Up to 5.18 the whole range is flushed as soon as a present
 * entry was visited; later a gather records the entries that need it, for all VMAs of the call. NEED_FLUSH: such an
 * entry was met; the gather is open. [S: 6.1.192; T: 4a18419f71cd, c9fe66560bf2]
 */
const change_protection_range = listing("mm/mprotect.c", "change_protection_range", [
  since(
    "5.19",
    ONE_GATHER,
    k.if_set(Reg.NEED_FLUSH, "open"),
    k.tlb_gather_mmu(),
    k.set(Reg.NEED_FLUSH, 1),
    ...at("open"),
  ),
  until("5.19", ONE_GATHER, k.set(Reg.NEED_FLUSH, 0), k.move(Reg.NEW_START, Reg.ADDRESS)),
  until("5.19", ONE_GATHER, since("4.13", PENDING, p.flush_pending(3)), until("4.13", PENDING, p.flush_pending(1))),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.LAST, "out")),
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "missing"),
  k.lock_write(k.PTL),
  since("4.13", BATCHED, flush_tlb_batched_pending),
  since("5.19", ONE_GATHER, p.protect_ptes(Reg.TMP, true)),
  until("5.19", ONE_GATHER, p.protect_ptes(Reg.TMP)),
  k.unlock(k.PTL),
  until("5.19", ONE_GATHER, k.if_zero(Reg.TMP, "next"), k.set(Reg.NEED_FLUSH, 1)),
  k.jump("next"),
  ...at("missing", p.skip_table()),
  k.jump("next"),
  ...at("out"),
  since("5.19", ONE_GATHER, arch("tlb_end_vma")),
  until(
    "5.19",
    ONE_GATHER,
    k.if_zero(Reg.NEED_FLUSH, "none"),
    k.move(Reg.RANGE_START, Reg.NEW_START),
    k.move(Reg.RANGE_END, Reg.LAST),
    ...p.flush_tlb_range,
    ...at("none"),
    since("4.13", PENDING, p.flush_pending(2)),
    until("4.13", PENDING, p.flush_pending(0)),
  ),
]);

export const mprotect = listing("mm/mprotect.c", "mprotect", [
  k.lock_write(k.MMAP_LOCK),
  splitEnds,
  vma_start_write,
  k.protect_vmas(),
  k.set(Reg.NEED_FLUSH, 0),
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
  ...at("out"),
  since("5.19", ONE_GATHER, k.if_zero(Reg.NEED_FLUSH, "finished"), tlb_finish_mmu, ...at("finished")),
  vma_end_write_all,
  k.unlock(k.MMAP_LOCK),
  k.if_zero(Reg.VMA, "hole"),
  k.ret("no writes"),
  // Nothing is mapped there: ENOMEM, and the call promises nothing.
  ...at("hole", k.ret(false)),
]);
