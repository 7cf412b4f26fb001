/**
 * mm/hugetlb.c: unsharing a PMD table, and unmapping a range of huge pages [S: 972d, 2466, a4a1, 4838, 7.0rc6].
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, listing, only, since, unless, until } from "../listing.js";
import * as k from "../ops.js";
import { sync_ipi } from "../ops-walkers.js";
import { free_page_list, tlb_flush_mmu, tlb_flush_mmu_tlbonly } from "./gather.js";

const SEED = "a4a118f2eead";
/** pt_share_count instead of the page's references (6.13) [S: 7.0rc6][T: title]. */
export const SHARE_COUNT = "59d9094df3d7";
/** Software walkers are waited for at each unshare (6.16) [T: diff]; once a gather from 7.0 on. */
const SYNC = "1013af4f585f";
/** Unshared tables are tracked in the gather (7.0) [S: 7.0rc6][T: diff]. */
export const GATHERED = "8ce720d5bd91";
const SPLIT_PTL = "cb900f412154";

/** tlb_unshare_pmd_ptdesc: the whole GiB is recorded, and that a table went, and whether it is exclusive now. */
const tlb_unshare_pmd_ptdesc = listing("include/asm-generic/tlb.h", "tlb_unshare_pmd_ptdesc", [
  k.align_down(Reg.RANGE_START, Reg.ADDRESS, k.PUD),
  k.record(Reg.RANGE_START, k.PUD, k.PMD, "tlb_flush_pmd_range()"),
  k.gather_unshare(),
]);

/**
 * Leaves a shared table: one PUD entry is cleared, one reference dropped. TMP is 1 when it did.
 *
 * The caller holds i_mmap_rwsem for write: until it is dropped, the last sharer cannot free the table. The count is the
 * sharing test itself, so it must fall now. Which huge page ADDRESS names afterwards is where 48381273f873 differs;
 * from 6.0 on the callers do that (hugetlb_mask_last_page), to the same effect.
 */
export const huge_pmd_unshare = listing("mm/hugetlb.c", "huge_pmd_unshare", [
  until("6.13", SHARE_COUNT, k.pmd_shared(Reg.TMP)),
  since("6.13", SHARE_COUNT, k.pt_shared(Reg.TMP)),
  k.if_zero(Reg.TMP, "exclusive"),
  k.pud_clear(k.I_MMAP),
  until("7.0", GATHERED, since("6.16", SYNC, ...sync_ipi())),
  until("6.13", SHARE_COUNT, unless("deferred-put", k.table_put())),
  since("6.13", SHARE_COUNT, k.pt_share_dec()),
  only("deferred-put", k.move(Reg.PAGE, Reg.TABLE), k.gather_queue(Reg.TMP)),
  until("5.19", "48381273f873", k.align_up(Reg.ADDRESS, Reg.ADDRESS, k.PUD), k.sub_pages(Reg.ADDRESS, k.PMD)),
  since(
    "5.19",
    "48381273f873",
    k.align_down(Reg.ADDRESS, Reg.ADDRESS, k.PUD),
    k.add_pages(Reg.ADDRESS, k.PUD),
    k.sub_pages(Reg.ADDRESS, k.PMD),
  ),
  since("7.0", GATHERED, tlb_unshare_pmd_ptdesc),
  k.set(Reg.TMP, 1),
  ...at("exclusive"),
]);

/**
 * Before i_mmap_rwsem is dropped: flush what was unshared, and wait for software walkers when a table has become
 * exclusive to another mm. A flush in between has cleared unshared_tables but not fully_unshared_tables.
 */
export const huge_pmd_unshare_flush = listing("include/asm-generic/tlb.h", "tlb_flush_unshared_tables", [
  k.gather_unshared(Reg.TMP),
  k.if_zero(Reg.TMP, "flushed"),
  tlb_flush_mmu_tlbonly,
  ...at("flushed", k.gather_fully_unshared(Reg.TMP)),
  k.if_zero(Reg.TMP, "shared"),
  ...sync_ipi(),
  k.gather_synced(),
  ...at("shared"),
]);

/** Records the GiB around ADDRESS as cleared PMD entries. */
const tlb_flush_pmd_range = listing("include/asm-generic/tlb.h", "tlb_flush_pmd_range", [
  k.align_down(Reg.RANGE_START, Reg.ADDRESS, k.PUD),
  k.record(Reg.RANGE_START, k.PUD, k.PMD, "__tlb_adjust_range(); tlb->cleared_pmds = 1"),
]);

/** The seed's last line: what was unshared is flushed while i_mmap_rwsem still keeps the table alive. */
export const flush_if_unshared = listing("mm/hugetlb.c", "__unmap_hugepage_range", [
  k.if_zero(Reg.FORCE_FLUSH, "not_forced"),
  tlb_flush_mmu_tlbonly,
  ...at("not_forced"),
]);

/** 3.5 flushes the caller's range, whatever was found, and only then lets go of the pages. */
const flush_and_free_list = listing("mm/hugetlb.c", "__unmap_hugepage_range", [
  k.move(Reg.RANGE_START, Reg.NEW_START),
  k.move(Reg.RANGE_END, Reg.LAST),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.PMD),
  arch("flush_tlb_range"),
]);

/**
 * Unmaps [ADDRESS, LAST) of VMA from MM. The caller holds i_mmap_rwsem for write; it alone keeps the last sharer's PMD
 * table alive, so a flush that is left for later is too late.
 */
export const __unmap_hugepage_range = listing("mm/hugetlb.c", "__unmap_hugepage_range", [
  until("7.0", GATHERED, k.set(Reg.FORCE_FLUSH, 0)),
  until("3.6", "24669e58477e", k.move(Reg.NEW_START, Reg.ADDRESS)),
  until("3.13", SPLIT_PTL, k.lock_write(k.PAGE_TABLE_LOCK)),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.LAST, "out")),
  k.walk(Reg.ADDRESS, k.PMD),
  k.if_zero(Reg.ENTRY, "advance"),
  since("3.13", SPLIT_PTL, k.lock_write(k.PTL)),
  huge_pmd_unshare,
  k.if_zero(Reg.TMP, "ordinary"),
  since("3.13", SPLIT_PTL, k.unlock(k.PTL)),
  until("7.0", GATHERED, since("5.16", SEED, unless("no-record", tlb_flush_pmd_range))),
  until("7.0", GATHERED, since("5.16", SEED, unless("no-force", k.set(Reg.FORCE_FLUSH, 1)))),
  k.jump("advance"),
  ...at("ordinary", k.read_entry(Reg.TMP)),
  k.if_zero(Reg.TMP, "unlock"),
  k.clear_entry(k.PMD, "huge_ptep_get_and_clear()"),
  since("3.6", "24669e58477e", k.record(Reg.ADDRESS, k.PMD, k.PMD, "tlb_remove_huge_tlb_entry()")),
  k.page_remove_rmap(),
  since("3.13", SPLIT_PTL, k.unlock(k.PTL)),
  k.gather_queue(Reg.TMP),
  since("3.6", "24669e58477e", k.if_zero(Reg.TMP, "advance"), tlb_flush_mmu),
  k.jump("advance"),
  ...at("unlock"),
  since("3.13", SPLIT_PTL, k.unlock(k.PTL)),
  ...at("advance", k.add_pages(Reg.ADDRESS, k.PMD)),
  k.jump("next"),
  ...at("out"),
  until("3.6", "24669e58477e", flush_and_free_list),
  until("3.13", SPLIT_PTL, k.unlock(k.PAGE_TABLE_LOCK)),
  until("3.6", "24669e58477e", free_page_list),
  since("3.6", "24669e58477e", arch("tlb_end_vma")),
  until("7.0", GATHERED, since("5.16", SEED, unless("no-flush", unless("late-flush", flush_if_unshared)))),
  since("7.0", GATHERED, huge_pmd_unshare_flush),
]);
