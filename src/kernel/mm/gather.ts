/**
 * include/asm-generic/tlb.h and mm/mmu_gather.c [S: kernel.md 3.2].
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import { sync_ipi } from "../ops-walkers.js";
import * as p from "../pageops.js";

/** Flushes what was recorded, if anything was: the guard is half of the seed's patch. */
export const tlb_flush_mmu_tlbonly = listing("include/asm-generic/tlb.h", "tlb_flush_mmu_tlbonly", [
  since("4.0", "fb7332a9fedf", k.check_recorded()),
  since("4.0", "fb7332a9fedf", until("5.6", "0758cd830494", p.gather_span(Reg.TMP))),
  until("4.0", "fb7332a9fedf", k.gather_needs(Reg.TMP)),
  since("5.6", "0758cd830494", k.gather_needs(Reg.TMP)),
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
  // Tables are freed after a grace period, which walkers with interrupts off hold up; pages are not.
  k.gather_walkers(Reg.TMP),
  k.if_zero(Reg.TMP, "free"),
  ...sync_ipi("call_rcu(tlb_remove_table_rcu)"),
  ...at("free"),
  k.gather_free(Reg.TMP),
  k.jump("more"),
  ...at("empty"),
]);

export const tlb_flush_mmu = listing("mm/mmu_gather.c", "tlb_flush_mmu", [
  tlb_flush_mmu_tlbonly,
  tlb_batch_pages_flush,
]);

const NESTED = "56236a59556c";
const PROMOTED = "7a30df49f63a";

/** Up to 5.1 the forced flush had the range of the call, and neither levels nor freed tables [T: 7a30df49f63a]. */
const forced: readonly Line[] = [
  k.set(Reg.BATCH, 2),
  k.if_ge(Reg.TMP, Reg.BATCH, "nested"),
  k.jump("alone"),
  ...at("nested", p.gather_force(true)),
  ...at("alone"),
];

export const tlb_finish_mmu = listing("mm/mmu_gather.c", "tlb_finish_mmu", [
  // The last of several open gathers finds nothing of the others' work: it flushes whatever it may have missed.
  since("4.13", NESTED, k.gather_pending(Reg.TMP)),
  since("5.2", PROMOTED, since("4.13", NESTED, k.gather_promote(Reg.TMP))),
  until("5.2", PROMOTED, since("4.13", NESTED, ...forced)),
  tlb_flush_mmu,
  k.gather_finish(),
]);

/** Frees the pages of 3.5's private list, which the batch stands for. */
export const free_page_list = listing("mm/hugetlb.c", "__unmap_hugepage_range", [tlb_batch_pages_flush]);
