/**
 * mm/khugepaged.c: a PTE table gives way, so that a huge page can be mapped in its place.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, type Line, listing } from "../listing.js";
import * as k from "../ops.js";

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
