/**
 * mm/mremap.c: move_page_tables for base pages [S: 6.1.192, 7.0rc6; T: eb66ae030829, 5d1904204c99], and
 * move_hugetlb_page_tables for huge pages, from 5.16-rc1 (550a7d60bd5e); EINVAL before.
 *
 * [S: a4a1, 4838; T: 13e4ad2ce8df, 3d0b95cd87b2]. Not modelled: the destination's tables are always private; in the
 * kernel huge_pte_alloc(new) may share the source's own table with the old VMA of the same mm.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { VmaFlag } from "../../../assembly/abi/records.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";
import { huge_pmd_unshare } from "./hugetlb.js";
import { __do_munmap, NO_FILE } from "./mmap.js";
import { BATCHED, flush_tlb_batched_pending } from "./reclaim.js";

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

const PTES = "eb66ae030829";

/** Up to 4.18 only dirty entries are flushed under the old lock (5d1904204c99), and the others when all have moved. */
const flush_dirty_or_later: readonly Line[] = [
  k.if_zero(Reg.FORCE_FLUSH, "done"),
  since("4.9", "5d1904204c99", k.test(Reg.BATCH, Reg.FORCE_FLUSH, p.MOVED_DIRTY), k.if_zero(Reg.BATCH, "later")),
  until("4.9", "5d1904204c99", k.jump("later")),
  ...p.flush_tlb_range,
  k.jump("done"),
  ...at("later", k.set(Reg.NEED_FLUSH, 1)),
  ...at("done"),
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
  p.if_same(Reg.TABLE, Reg.TMP, "locked", "if (src_ptl == dst_ptl)"),
  k.lock_write(k.PTL),
  ...at("locked"),
  k.move_entry(k.PMD, k.I_MMAP),
  p.if_same(Reg.TABLE, Reg.TMP, "unlocked", "if (src_ptl == dst_ptl)"),
  k.unlock(k.PTL),
  ...at("unlocked"),
  k.unlock(k.NEW_PTL),
  ...at("advance", k.add_pages(Reg.ADDRESS, k.PMD)),
  k.jump("next"),
  ...at("out"),
  until("5.16+", "13e4ad2ce8df", k.unlock(k.I_MMAP)),
  ...flush,
  since("5.16+", "13e4ad2ce8df", k.unlock(k.I_MMAP)),
]);

/** The entries of one pair of PTE tables, under both locks. RANGE_START: where they began. */
const move_ptes = listing("mm/mremap.c", "move_ptes", [
  k.lock_write(k.PTL),
  p.if_same(Reg.TABLE, Reg.TMP, "locked", "if (new_ptl == old_ptl)"),
  k.lock_write(k.NEW_PTL),
  ...at("locked"),
  since("4.13", BATCHED, flush_tlb_batched_pending),
  p.move_ptes(Reg.FORCE_FLUSH, k.NEW_PTL),
  k.move(Reg.RANGE_START, Reg.ADDRESS),
  k.move(Reg.RANGE_END, Reg.LAST),
  since("4.19", PTES, k.if_zero(Reg.FORCE_FLUSH, "flushed"), ...p.flush_tlb_range, ...at("flushed")),
  p.if_same(Reg.TABLE, Reg.TMP, "unlocked", "if (new_ptl == old_ptl)"),
  k.unlock(k.NEW_PTL),
  ...at("unlocked"),
  until("4.19", PTES, flush_dirty_or_later),
  k.unlock(k.PTL),
  k.move(Reg.ADDRESS, Reg.LAST),
]);

/** Base pages, entry by entry; whole tables at once (2c91bd4a4e2e, 5.1) are not modelled. */
const move_page_tables = listing("mm/mremap.c", "move_page_tables", [
  k.set(Reg.NEED_FLUSH, 0),
  k.move(Reg.ADDRESS, Reg.START),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.END, "out")),
  k.move(Reg.LAST, Reg.END),
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "missing"),
  k.move(Reg.INDEX, Reg.ADDRESS),
  k.shift_by(Reg.INDEX, Reg.NEW_START, Reg.START),
  k.alloc_tables(Reg.TMP, k.BASE, Reg.INDEX),
  k.walk_new(Reg.INDEX, k.BASE),
  p.move_extent(),
  move_ptes,
  k.jump("next"),
  ...at("missing", p.skip_table()),
  k.jump("next"),
  ...at("out"),
  until(
    "4.19",
    PTES,
    k.if_zero(Reg.NEED_FLUSH, "none"),
    k.move(Reg.RANGE_START, Reg.START),
    k.move(Reg.RANGE_END, Reg.END),
    ...p.flush_tlb_range,
    ...at("none"),
  ),
]);

/** The new VMA stands behind the old one in the file's tree: who walks the tree meets the page in one of them. */
const move_vma = (file: string, move: Line): readonly Line[] => [
  k.vma_bounds(Reg.TMP),
  k.set(Reg.TMP, NO_FILE),
  k.if_ge(Reg.FILE, Reg.TMP, `${file}anonymous`),
  k.lock_write(k.I_MMAP),
  k.copy_vma(),
  k.unlock(k.I_MMAP),
  k.jump(`${file}copied`),
  ...at(`${file}anonymous`, k.copy_vma()),
  ...at(`${file}copied`, move),
  __do_munmap,
  k.free_vmas(),
];

export const mremap = listing("mm/mremap.c", "mremap", [
  k.lock_write(k.MMAP_LOCK),
  k.find_vma(Reg.START),
  k.if_zero(Reg.VMA, "refused"),
  k.may_move(Reg.INDEX),
  k.if_zero(Reg.INDEX, "refused"),
  k.test(Reg.TMP, Reg.TMP, VmaFlag.HUGETLB),
  k.if_zero(Reg.TMP, "ordinary"),
  until("5.16", "550a7d60bd5e", k.jump("refused")),
  since("5.16", "550a7d60bd5e", ...move_vma("hugetlb_", move_hugetlb_page_tables), k.jump("out")),
  ...at("ordinary", ...move_vma("", move_page_tables)),
  ...at("out", k.unlock(k.MMAP_LOCK), k.ret(true)),
  // A call that was refused has promised nothing.
  ...at("refused", k.unlock(k.MMAP_LOCK), k.ret(false)),
]);
