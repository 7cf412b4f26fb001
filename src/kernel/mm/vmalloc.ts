/**
 * mm/vmalloc.c: mappings of the kernel's own, which are global. A page at a time; the lazy purge is left out.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { VmaFlag } from "../../../assembly/abi/records.js";
import { arch, at, listing } from "../listing.js";
import * as k from "../ops.js";

export const vmap = listing("mm/vmalloc.c", "vmap", [
  k.move(Reg.ADDRESS, Reg.START),
  k.alloc_tables(Reg.TMP, k.BASE, Reg.ADDRESS),
  k.walk(Reg.ADDRESS, k.BASE),
  k.read_entry(Reg.TMP),
  k.if_set(Reg.TMP, "out"),
  k.alloc_anon_page(Reg.TMP),
  k.if_set(Reg.TMP, "out"),
  k.set(Reg.PROT, VmaFlag.READ | VmaFlag.WRITE | VmaFlag.KERNEL),
  k.page_dup_rmap(),
  k.set_entry(k.BASE),
  ...at("out", k.ret(false)),
]);

export const vunmap = listing("mm/vmalloc.c", "vunmap", [
  k.move(Reg.ADDRESS, Reg.START),
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "out"),
  k.read_entry(Reg.TMP),
  k.if_zero(Reg.TMP, "out"),
  k.clear_entry(k.BASE, "vunmap_range_noflush()"),
  k.page_remove_rmap(),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.START),
  k.add_pages(Reg.RANGE_END, k.BASE),
  k.set(Reg.STRIDE, k.BASE),
  arch("flush_tlb_kernel_range"),
  k.put_page(),
  ...at("out", k.ret(false)),
]);
