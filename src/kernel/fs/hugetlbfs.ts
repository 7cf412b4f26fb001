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

/**
 * A fault has mapped the page again since the range was unmapped: that page alone is unmapped once more. From 6.1 on
 * under the fault mutex; where the kernel sleeps on a vma_lock that is taken, it is tried again here.
 */
const unmap_again = listing("fs/hugetlbfs/inode.c", "hugetlb_unmap_file_folio", [
  until("6.1", VMA_LOCK, k.unlock(k.FAULT_INNER)),
  k.lock_write(k.I_MMAP),
  until("6.1", VMA_LOCK, k.lock_write(k.FAULT_INNER)),
  k.move(Reg.VALUE, Reg.END),
  k.move(Reg.END, Reg.INDEX),
  k.add_pages(Reg.END, k.BASE),
  ...vmdelete,
  k.move(Reg.END, Reg.VALUE),
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
  unmap_again,
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
