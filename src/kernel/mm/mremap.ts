/**
 * mm/mremap.c: move_page_tables for base pages [S: 6.1.192, 7.0rc6; T: eb66ae030829, 5d1904204c99], and
 * move_hugetlb_page_tables for huge pages, from 5.16-rc1 (550a7d60bd5e); EINVAL before.
 *
 * [S: a4a1, 4838, 7.0rc6; T: 13e4ad2ce8df, 3d0b95cd87b2, 8ce720d5bd91 with its diff]. Not modelled: the destination's
 * tables are always private; in the kernel huge_pte_alloc(new) may share the source's own table with the old VMA of the
 * same mm.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { VmaFlag } from "../../../assembly/abi/records.js";
import { arch, at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";
import { BATCHED, flush_tlb_batched_pending } from "./batched.js";
import { tlb_finish_mmu, tlb_flush_mmu_tlbonly } from "./gather.js";
import { GATHERED, huge_pmd_unshare, huge_pmd_unshare_flush } from "./hugetlb.js";
import { VMA_LOCK, vma_end_write_all, vma_start_write } from "./locking.js";
import { __do_munmap, NO_FILE } from "./mmap.js";

const WIDE = "3d0b95cd87b2";
/** Old and new address are both moved to the last huge page of their GiB (6.0) [S: 7.0rc6; commit M]. */
const BOTH_SKIP = "e95a9851787b";
/** The repair of that, late in 2026 [S: 6.1.192]: by its effect, because its commit is not known here. */
const DELTA = "mremap-delta";

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

/** Where the entry at ADDRESS goes: INDEX goes along with it, with its mistakes, from 6.0 on. */
const destination: readonly Line[] = [
  until("6.0", BOTH_SKIP, k.move(Reg.INDEX, Reg.ADDRESS), k.shift_by(Reg.INDEX, Reg.NEW_START, Reg.START)),
];

/** To the last huge page of the GiB: of the old address, and of the new one, which may lie elsewhere in its own. */
const skipGib = (reg: Reg): readonly Line[] => [
  k.align_down(reg, reg, k.PUD),
  k.add_pages(reg, k.PUD),
  k.sub_pages(reg, k.PMD),
];

/** Both addresses by the same distance: LAST keeps where ADDRESS was. */
const skipBoth: readonly Line[] = [
  k.move(Reg.LAST, Reg.ADDRESS),
  ...skipGib(Reg.ADDRESS),
  until("7.2", DELTA, ...skipGib(Reg.INDEX)),
  since("7.2", DELTA, k.shift_by(Reg.INDEX, Reg.ADDRESS, Reg.LAST)),
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
  since("7.0", GATHERED, k.tlb_gather_mmu()),
  since("6.1", VMA_LOCK, k.lock_write(k.VMA_LOCK)),
  k.lock_write(k.I_MMAP),
  k.move(Reg.ADDRESS, Reg.START),
  since("6.0", BOTH_SKIP, k.move(Reg.INDEX, Reg.NEW_START)),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.END, "out")),
  k.walk(Reg.ADDRESS, k.PMD),
  until("6.0", BOTH_SKIP, k.if_zero(Reg.ENTRY, "advance")),
  since("6.0", BOTH_SKIP, k.if_zero(Reg.ENTRY, "skip"), k.read_entry(Reg.TMP), k.if_zero(Reg.TMP, "advance")),
  // Unshares with a copy of the address, and without the ptl: i_mmap alone protects [S: a4a1].
  k.move(Reg.LAST, Reg.ADDRESS),
  huge_pmd_unshare,
  k.move(Reg.ADDRESS, Reg.LAST),
  k.if_zero(Reg.TMP, "move"),
  k.set(Reg.FORCE_FLUSH, 1),
  since("6.0", BOTH_SKIP, ...at("skip", ...skipBoth)),
  k.jump("advance"),
  ...at("move", ...destination),
  k.alloc_tables(Reg.TMP, k.PMD, Reg.INDEX),
  k.walk_new(Reg.INDEX, k.PMD),
  k.lock_write(k.NEW_PTL),
  p.if_same(Reg.TABLE, Reg.TMP, "locked", "if (src_ptl == dst_ptl)"),
  k.lock_write(k.PTL),
  ...at("locked"),
  k.move_entry(k.PMD, k.I_MMAP, Reg.INDEX),
  p.if_same(Reg.TABLE, Reg.TMP, "unlocked", "if (src_ptl == dst_ptl)"),
  k.unlock(k.PTL),
  ...at("unlocked"),
  k.unlock(k.NEW_PTL),
  since("7.0", GATHERED, k.record(Reg.ADDRESS, k.PMD, k.PMD, "tlb_remove_huge_tlb_entry()")),
  ...at("advance", k.add_pages(Reg.ADDRESS, k.PMD)),
  since("6.0", BOTH_SKIP, k.add_pages(Reg.INDEX, k.PMD)),
  k.jump("next"),
  ...at("out"),
  until("5.16+", "13e4ad2ce8df", k.unlock(k.I_MMAP)),
  until("7.0", GATHERED, ...flush),
  since("7.0", GATHERED, tlb_flush_mmu_tlbonly, huge_pmd_unshare_flush),
  since("5.16+", "13e4ad2ce8df", k.unlock(k.I_MMAP)),
  since("6.1", VMA_LOCK, k.unlock(k.VMA_LOCK)),
  since("7.0", GATHERED, tlb_finish_mmu),
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
  vma_start_write,
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
  ...at("out", vma_end_write_all, k.unlock(k.MMAP_LOCK), k.ret(true)),
  // A call that was refused has promised nothing.
  ...at("refused", k.unlock(k.MMAP_LOCK), k.ret(false)),
]);
