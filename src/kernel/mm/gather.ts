/**
 * include/asm-generic/tlb.h and mm/mmu_gather.c [S: kernel.md 3.2].
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, listing, since, until } from "../listing.js";
import * as k from "../ops.js";

/** Flushes what was recorded, if anything was: the guard is half of the seed's patch. */
export const tlb_flush_mmu_tlbonly = listing("include/asm-generic/tlb.h", "tlb_flush_mmu_tlbonly", [
  since("4.0", "fb7332a9fedf", k.check_recorded()),
  k.gather_needs(Reg.TMP),
  k.if_zero(Reg.TMP, "nothing"),
  k.gather_range(),
  // Before ranges were tracked, a gather that needed a flush flushed the whole mm.
  until("4.0", "fb7332a9fedf", k.set(Reg.FULL, 1), k.set(Reg.TABLES, 1)),
  arch("tlb_flush"),
  k.gather_reset(),
  ...at("nothing"),
]);

const tlb_batch_pages_flush = listing("mm/mmu_gather.c", "tlb_batch_pages_flush", [
  ...at("more", k.gather_queued(Reg.TMP)),
  k.if_zero(Reg.TMP, "empty"),
  k.gather_free(Reg.TMP),
  k.jump("more"),
  ...at("empty"),
]);

export const tlb_flush_mmu = listing("mm/mmu_gather.c", "tlb_flush_mmu", [
  tlb_flush_mmu_tlbonly,
  tlb_batch_pages_flush,
]);

export const tlb_finish_mmu = listing("mm/mmu_gather.c", "tlb_finish_mmu", [
  since("4.13", "56236a59556c", k.gather_pending(Reg.TMP), k.gather_promote(Reg.TMP)),
  tlb_flush_mmu,
  k.gather_finish(),
]);

/** Frees the pages of 3.5's private list, which the batch stands for. */
export const free_page_list = listing("mm/hugetlb.c", "__unmap_hugepage_range", [tlb_batch_pages_flush]);
