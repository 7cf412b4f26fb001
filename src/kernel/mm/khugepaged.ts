/**
 * mm/khugepaged.c: a PTE table gives way, so that a huge page can be mapped in its place.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, type Line, listing, since } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";
import { invalidate_range_end, invalidate_range_start } from "../virt/kvm.js";
import { tlb_finish_mmu } from "./gather.js";

/** The 2 MiB at START, flushed as pmdp_collapse_flush() does: a direct flush_tlb_range in base-page strides. */
export const pmdp_collapse_flush: readonly Line[] = [
  k.unhook_table(k.PMD, "pmdp_collapse_flush()"),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.START),
  k.add_pages(Reg.RANGE_END, k.PMD),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.BASE),
  arch("flush_tlb_range"),
];

/**
 * The end of collapse_pte_mapped_thp: the table has no entries any more, is taken out and freed [T: 3ef938c35035;
 * S: 7.0rc6 for the flush]. The pages are the huge page's own and stay where they are.
 */
export const collapse = listing("mm/khugepaged.c", "collapse_pte_mapped_thp", [
  k.lock_write(k.MMAP_LOCK),
  k.move(Reg.ADDRESS, Reg.START),
  k.walk(Reg.START, k.PMD),
  k.if_zero(Reg.ENTRY, "out"),
  k.lock_write(k.PTL),
  ...pmdp_collapse_flush,
  k.unlock(k.PTL),
  k.if_zero(Reg.PAGE, "out"),
  k.put_table(),
  ...at("out", k.unlock(k.MMAP_LOCK), k.ret(false)),
]);

const NOTIFIERS = "f268f6cf875f";

/**
 * A PTE table of a file mapping is retracted with its entries. Secondary MMUs hold no references: without the notifier
 * they keep what the table mapped. The free at the end stands for the truncation that finds nobody mapping the pages
 * [T: f268f6cf875f].
 */
export const retract = listing("mm/khugepaged.c", "retract_page_tables", [
  k.lock_write(k.MMAP_LOCK),
  k.move(Reg.ADDRESS, Reg.START),
  k.move(Reg.LAST, Reg.END),
  since("6.1", NOTIFIERS, invalidate_range_start),
  k.tlb_gather_mmu(),
  p.zap_ptes(Reg.TMP, 512),
  k.move(Reg.ADDRESS, Reg.START),
  ...pmdp_collapse_flush,
  k.put_table(),
  since("6.1", NOTIFIERS, invalidate_range_end),
  tlb_finish_mmu,
  k.unlock(k.MMAP_LOCK),
  k.ret(true),
]);
