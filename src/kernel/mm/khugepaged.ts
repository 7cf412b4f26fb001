/**
 * mm/khugepaged.c: a PTE table gives way, so that a huge page can be mapped in its place.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, type Line, listing, since } from "../listing.js";
import * as k from "../ops.js";
import * as c from "../ops-collapse.js";
import * as w from "../ops-walkers.js";
import * as p from "../pageops.js";
import { invalidate_range_end, invalidate_range_start } from "../virt/kvm.js";
import { tlb_finish_mmu } from "./gather.js";
import { vma_end_write_all, vma_start_write } from "./locking.js";

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

/** Software walkers are out of the table before it is freed or its pages are looked at [T: 2ba99c5e0881, its diff]. */
const SYNCED: Line = since("6.1", "2ba99c5e0881", ...w.sync_ipi());

/**
 * The end of collapse_pte_mapped_thp: the table has no entries any more, is taken out and freed [T: 3ef938c35035;
 * S: 7.0rc6 for the flush]. The pages are the huge page's own and stay where they are. A fault that has walked to the
 * table looks again when it has its lock; here the per-VMA lock keeps faults away instead [D].
 */
export const collapse = listing("mm/khugepaged.c", "collapse_pte_mapped_thp", [
  k.lock_write(k.MMAP_LOCK),
  k.move(Reg.ADDRESS, Reg.START),
  k.walk(Reg.START, k.PMD),
  k.if_zero(Reg.ENTRY, "out"),
  vma_start_write,
  c.live_below(Reg.TMP),
  k.if_set(Reg.TMP, "out"),
  k.lock_write(k.PTL),
  ...pmdp_collapse_flush,
  k.unlock(k.PTL),
  k.if_zero(Reg.PAGE, "out"),
  SYNCED,
  k.put_table(),
  ...at("out", vma_end_write_all, k.unlock(k.MMAP_LOCK), k.ret(false)),
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
  vma_start_write,
  since("6.1", NOTIFIERS, invalidate_range_start),
  k.tlb_gather_mmu(),
  p.zap_ptes(Reg.TMP, 512),
  k.move(Reg.ADDRESS, Reg.START),
  ...pmdp_collapse_flush,
  k.if_zero(Reg.PAGE, "none"),
  SYNCED,
  k.put_table(),
  ...at("none"),
  since("6.1", NOTIFIERS, invalidate_range_end),
  tlb_finish_mmu,
  vma_end_write_all,
  k.unlock(k.MMAP_LOCK),
  k.ret(true),
]);

/**
 * The base pages of the 2 MiB at START become one huge page: the table is taken out and flushed, then nobody else may
 * have a reference, then they are copied. [T: 70cbc3cc78a9 and 2ba99c5e0881 for the order; M] Only anonymous memory;
 * the pages are isolated in one step, and their table is kept with the huge page until that is unmapped.
 */
export const collapseHuge = listing("mm/khugepaged.c", "collapse_huge_page", [
  k.align_down(Reg.START, Reg.START, k.PMD),
  c.alloc_huge(Reg.TMP),
  k.if_set(Reg.TMP, "end"),
  k.move(Reg.INDEX, Reg.PAGE),
  k.lock_write(k.MMAP_LOCK),
  k.find_vma(Reg.START),
  k.if_zero(Reg.VMA, "free"),
  k.move(Reg.PROT, Reg.TMP),
  p.vma_file(Reg.TMP),
  k.if_set(Reg.TMP, "free"),
  k.vma_bounds(Reg.TMP),
  k.move(Reg.RANGE_END, Reg.START),
  k.add_pages(Reg.RANGE_END, k.PMD),
  k.if_ge(Reg.START, Reg.ADDRESS, "low"),
  k.jump("free"),
  ...at("low", k.if_ge(Reg.LAST, Reg.RANGE_END, "covered")),
  k.jump("free"),
  ...at("covered", vma_start_write),
  k.move(Reg.ADDRESS, Reg.START),
  k.walk(Reg.START, k.PMD),
  k.if_zero(Reg.ENTRY, "done"),
  k.lock_write(k.PTL),
  ...pmdp_collapse_flush,
  k.unlock(k.PTL),
  k.move(Reg.LAST, Reg.PAGE),
  k.if_zero(Reg.LAST, "done"),
  SYNCED,
  c.isolate_pages(Reg.TMP, Reg.LAST),
  k.if_zero(Reg.TMP, "busy"),
  ...at("next", c.copy_next(Reg.TMP, Reg.LAST)),
  k.if_zero(Reg.TMP, "copied"),
  // Nobody's pointer leads to the table any more; a walker that was inside may still see the entry go.
  k.clear_entry(k.BASE, "ptep_clear()"),
  k.page_remove_rmap(),
  k.put_page(),
  k.jump("next"),
  ...at("copied", k.move(Reg.ADDRESS, Reg.START)),
  k.walk(Reg.START, k.PMD),
  k.lock_write(k.PTL),
  k.move(Reg.PAGE, Reg.INDEX),
  k.page_dup_rmap(),
  c.deposit(Reg.LAST),
  k.set_entry(k.PMD),
  k.unlock(k.PTL),
  vma_end_write_all,
  k.unlock(k.MMAP_LOCK),
  k.jump("end"),
  ...at("busy", k.walk(Reg.START, k.PMD)),
  k.lock_write(k.PTL),
  c.pmd_populate(Reg.LAST),
  k.unlock(k.PTL),
  ...at("done", vma_end_write_all),
  ...at("free", k.unlock(k.MMAP_LOCK)),
  k.move(Reg.PAGE, Reg.INDEX),
  k.put_page(),
  ...at("end", k.ret(false)),
]);
