/**
 * fs/hugetlbfs/inode.c: truncate and hole punch [S: kernel.md 1.2; T].
 *
 * START and END are page indexes of FILE. Every mm that maps the range loses it, in one i_mmap section; then the pages
 * leave the page cache and are freed.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { at, type Line, type Lock, listing, only, since, until } from "../listing.js";
import { tlb_finish_mmu } from "../mm/gather.js";
import { __unmap_hugepage_range, flush_if_unshared } from "../mm/hugetlb.js";
import { VMA_LOCK } from "../mm/locking.js";
import * as k from "../ops.js";
import { if_same } from "../pageops.js";

/** Each VMA has its own gather, finished inside the section; 3.5 has none. */
const unmap_hugepage_range = listing("mm/hugetlb.c", "unmap_hugepage_range", [
  since("3.6", "24669e58477e", k.tlb_gather_mmu()),
  __unmap_hugepage_range,
  since("3.6", "24669e58477e", tlb_finish_mmu),
]);

/** Unmaps the pages [INDEX, END) of FILE from every VMA of its tree. */
const vmdelete: readonly Line[] = [
  k.set(Reg.VMA, 0),
  ...at("vma", k.next_in_tree()),
  k.if_zero(Reg.VMA, "unmapped"),
  // A VMA whose lock is taken is left for the second round, page by page [S: 7.0rc6].
  since("6.1", VMA_LOCK, k.trylock_write(k.VMA_LOCK, Reg.TMP), k.if_zero(Reg.TMP, "vma")),
  unmap_hugepage_range,
  since("6.1", VMA_LOCK, k.unlock(k.VMA_LOCK)),
  k.jump("vma"),
  ...at("unmapped"),
];

const hugetlb_vmdelete_list = listing("fs/hugetlbfs/inode.c", "hugetlb_vmdelete_list", [
  k.move(Reg.INDEX, Reg.START),
  ...vmdelete,
]);

/** The page at INDEX alone: [INDEX, END); END waits in VALUE. */
const onePage: readonly Line[] = [k.move(Reg.VALUE, Reg.END), k.move(Reg.END, Reg.INDEX), k.add_pages(Reg.END, k.BASE)];

/** Up to 6.0: a fault has mapped the page again since the range was unmapped, and it is unmapped once more. */
const unmap_again = listing("fs/hugetlbfs/inode.c", "remove_inode_hugepages", [
  k.unlock(k.FAULT_INNER),
  k.lock_write(k.I_MMAP),
  k.lock_write(k.FAULT_INNER),
  ...onePage,
  ...vmdelete,
  k.move(Reg.END, Reg.VALUE),
  k.unlock(k.I_MMAP),
]);

/** hugetlb_vma_maps_page(): VMA maps the page that NEW_START names; else on to `label`. */
const hugetlb_vma_maps_page = (label: string, yes: string): readonly Line[] => [
  k.walk(Reg.ADDRESS, k.PMD),
  k.if_zero(Reg.ENTRY, label),
  k.read_entry(Reg.TMP),
  k.if_zero(Reg.TMP, label),
  if_same(Reg.PAGE, Reg.NEW_START, yes, `if (pte_page(pte) == page) goto ${yes}`),
  k.jump(label),
];

/**
 * From 6.1 on, under the fault mutex, so that no fault maps it again: the page is unmapped from every VMA that has it.
 * Where a vma_lock is taken, i_mmap is dropped and both are waited for in their order; the lock outlives its VMA, which
 * may be gone by then, and all VMAs are looked through again [S: 6.1.192, 7.0rc6].
 */
const hugetlb_unmap_file_folio = listing("fs/hugetlbfs/inode.c", "hugetlb_unmap_file_folio", [
  k.move(Reg.NEW_START, Reg.PAGE),
  ...onePage,
  k.lock_write(k.I_MMAP),
  ...at("retry", k.set(Reg.VMA, 0)),
  ...at("vma", k.next_in_tree()),
  k.if_zero(Reg.VMA, "unmapped"),
  ...hugetlb_vma_maps_page("vma", "mapped"),
  ...at("mapped", k.trylock_write(k.VMA_LOCK, Reg.TMP)),
  k.if_zero(Reg.TMP, "contended"),
  unmap_hugepage_range,
  k.unlock(k.VMA_LOCK),
  k.jump("vma"),
  ...at("contended", k.unlock(k.I_MMAP)),
  k.lock_write(k.VMA_LOCK),
  k.lock_write(k.I_MMAP),
  k.still_in_tree(Reg.TMP),
  k.if_zero(Reg.TMP, "detached"),
  ...hugetlb_vma_maps_page("detached", "attached"),
  ...at("attached", unmap_hugepage_range),
  ...at("detached", k.unlock(k.VMA_LOCK)),
  k.jump("retry"),
  ...at("unmapped", k.move(Reg.END, Reg.VALUE)),
  k.unlock(k.I_MMAP),
]);

/** The page at INDEX under the fault mutex: faults cannot map it while it is looked at and taken out. */
const underMutex = (mutex: Lock): readonly Line[] => [
  k.lock_write(mutex),
  ...at("locked", k.next_cached()),
  k.if_zero(Reg.PAGE, "gone"),
  k.page_mapped(Reg.TMP),
  k.if_zero(Reg.TMP, "remove"),
  // The page may be gone by now, and the next one is another story.
  until("6.1", VMA_LOCK, unmap_again),
  since("6.1", VMA_LOCK, hugetlb_unmap_file_folio),
  k.jump("locked"),
  ...at("remove", k.remove_huge_page()),
  ...at("gone", k.unlock(mutex)),
];

/**
 * From 5.7 to 6.0 truncate takes no fault mutex: i_mmap keeps faults away. With the vma_lock it went back to it
 * [S: 6.1.192, 7.0rc6]. Hole punch always takes it, page by page.
 */
const remove_inode_hugepages = (punch: boolean) =>
  listing("fs/hugetlbfs/inode.c", "remove_inode_hugepages", [
    k.move(Reg.INDEX, Reg.START),
    ...at("next", k.next_cached()),
    k.if_zero(Reg.PAGE, "out"),
    ...(punch ? [until("6.1", VMA_LOCK, underMutex(k.FAULT_INNER))] : []),
    since("6.1", VMA_LOCK, underMutex(k.FAULT_OUTER)),
    ...(punch ? [] : [until("6.1", VMA_LOCK, k.remove_huge_page())]),
    k.jump("next"),
    ...at("out"),
  ]);

export const truncate = listing("fs/hugetlbfs/inode.c", "hugetlb_vmtruncate", [
  until("5.7", "c0d0381ade79", k.write_size(Reg.START)),
  k.lock_write(k.I_MMAP),
  since("5.7", "c0d0381ade79", k.write_size(Reg.START)),
  hugetlb_vmdelete_list,
  k.unlock(k.I_MMAP),
  only("late-flush", flush_if_unshared),
  remove_inode_hugepages(false),
  k.ret(false),
]);

/** fallocate(FALLOC_FL_PUNCH_HOLE), since 4.3; the listing has it in every edition, for comparison. */
export const punchHole = listing("fs/hugetlbfs/inode.c", "hugetlbfs_punch_hole", [
  k.lock_write(k.I_MMAP),
  hugetlb_vmdelete_list,
  k.unlock(k.I_MMAP),
  remove_inode_hugepages(true),
  k.ret(false),
]);
