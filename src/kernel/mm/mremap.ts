/**
 * mm/mremap.c and move_hugetlb_page_tables: moving huge pages, from 5.16-rc1 (550a7d60bd5e); EINVAL before.
 *
 * [S: a4a1, 4838; T: 13e4ad2ce8df, 3d0b95cd87b2]. Not modelled: the destination's tables are always private; in the
 * kernel huge_pte_alloc(new) may share the source's own table with the old VMA of the same mm.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import { huge_pmd_unshare } from "./hugetlb.js";
import { __do_munmap } from "./mmap.js";

const WIDE = "3d0b95cd87b2";

/** [START, END), or the whole GiBs around it when a table was unshared and the edition thinks of it. */
const flush: readonly Line[] = [
  since("5.19", WIDE, k.if_set(Reg.FORCE_FLUSH, "flush")),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.END),
  ...at("flush"),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.PMD),
  k.check_range(),
  arch("flush_tlb_range"),
];

const move_hugetlb_page_tables = listing("mm/hugetlb.c", "move_hugetlb_page_tables", [
  k.set(Reg.FORCE_FLUSH, 0),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.END),
  k.widen_range(),
  k.lock_write(k.I_MMAP),
  k.move(Reg.ADDRESS, Reg.START),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.END, "out")),
  k.walk(Reg.ADDRESS, k.PMD),
  k.if_zero(Reg.ENTRY, "advance"),
  // Unshares with a copy of the address, and without the ptl: i_mmap alone protects [S: a4a1].
  k.move(Reg.LAST, Reg.ADDRESS),
  huge_pmd_unshare,
  k.move(Reg.ADDRESS, Reg.LAST),
  k.if_zero(Reg.TMP, "move"),
  k.set(Reg.FORCE_FLUSH, 1),
  k.jump("advance"),
  ...at("move", k.move(Reg.INDEX, Reg.ADDRESS), k.shift_by(Reg.INDEX, Reg.NEW_START, Reg.START)),
  k.alloc_tables(Reg.TMP, k.PMD, Reg.INDEX),
  k.walk_new(Reg.INDEX, k.PMD),
  k.lock_write(k.NEW_PTL),
  k.lock_write(k.PTL),
  k.move_entry(k.PMD, k.I_MMAP),
  k.unlock(k.PTL),
  k.unlock(k.NEW_PTL),
  ...at("advance", k.add_pages(Reg.ADDRESS, k.PMD)),
  k.jump("next"),
  ...at("out"),
  until("5.16+", "13e4ad2ce8df", k.unlock(k.I_MMAP)),
  ...flush,
  since("5.16+", "13e4ad2ce8df", k.unlock(k.I_MMAP)),
]);

export const mremap = listing("mm/mremap.c", "mremap", [
  k.lock_write(k.MMAP_LOCK),
  since(
    "5.16",
    "550a7d60bd5e",
    k.find_vma(Reg.START),
    k.if_zero(Reg.VMA, "out"),
    k.vma_index(),
    k.lock_write(k.I_MMAP),
    k.copy_vma(),
    k.unlock(k.I_MMAP),
    move_hugetlb_page_tables,
    __do_munmap,
    k.free_vmas(),
  ),
  ...at("out", k.unlock(k.MMAP_LOCK)),
  // A call that was refused has promised nothing.
  since("5.16", "550a7d60bd5e", k.ret(true)),
  until("5.16", "550a7d60bd5e", k.ret(false)),
]);
