/**
 * User accesses and the faults that they take: hugetlb_fault with PMD sharing, and anonymous base pages.
 */

import { Reg } from "../../../assembly/abi/operands.js";
import { Entry, VmaFlag } from "../../../assembly/abi/records.js";
import { at, type Line, listing, since, until } from "../listing.js";
import * as k from "../ops.js";
import * as c from "../ops-collapse.js";
import * as p from "../pageops.js";
import { SHARE_COUNT } from "./hugetlb.js";
import { FAULT_UNDER_VMA_LOCK, VMA_LOCK } from "./locking.js";

/** Commits from memory [M]: what they changed was read in source on both sides [S: 972d, a4a1, 6.1.192, 7.0rc6]. */
const I_MMAP_FAULT = "c0d0381ade79";
const SPLIT_PTL = "cb900f412154";

/**
 * TMP := 1 when a table was installed. 3.x takes i_mmap itself; from 5.7 the fault holds it; from 6.1 it is taken here
 * for read, because the vma_lock keeps unsharing away.
 */
const huge_pmd_share = listing("mm/hugetlb.c", "huge_pmd_share", [
  until("5.7", I_MMAP_FAULT, k.lock_write(k.I_MMAP)),
  since("6.1", VMA_LOCK, k.lock_read(k.I_MMAP)),
  k.find_shareable(),
  k.if_zero(Reg.TABLE, "none"),
  until("6.13", SHARE_COUNT, k.table_get()),
  since("6.13", SHARE_COUNT, k.pt_share_inc()),
  k.lock_write(k.PTL),
  k.pud_populate(Reg.TMP),
  k.if_set(Reg.TMP, "installed"),
  until("6.13", SHARE_COUNT, k.table_put()),
  since("6.13", SHARE_COUNT, k.pt_share_dec()),
  ...at("installed", k.unlock(k.PTL)),
  ...at("none"),
  k.alloc_tables(Reg.TMP, k.PMD, Reg.ADDRESS),
  until("5.7", I_MMAP_FAULT, k.unlock(k.I_MMAP)),
  since("6.1", VMA_LOCK, k.unlock(k.I_MMAP)),
]);

/** Tables down to the PMD, shared if someone has one to share; ENTRY and TABLE. */
const huge_pte_alloc = listing("mm/hugetlb.c", "huge_pte_alloc", [
  k.alloc_tables(Reg.TMP, k.PUD, Reg.ADDRESS),
  k.walk(Reg.ADDRESS, k.PMD),
  k.if_set(Reg.ENTRY, "there"),
  k.want_share(Reg.TMP),
  k.if_zero(Reg.TMP, "private"),
  huge_pmd_share,
  k.jump("there"),
  ...at("private", k.alloc_tables(Reg.TMP, k.PMD, Reg.ADDRESS)),
  ...at("there", k.walk(Reg.ADDRESS, k.PMD)),
]);

/** Page cache to page table. TMP: 0, or the signal. The page comes with a reference that the entry keeps. */
const hugetlb_no_page = listing("mm/hugetlb.c", "hugetlb_no_page", [
  k.find_or_alloc_page(Reg.TMP),
  k.if_set(Reg.TMP, "out"),
  until("3.13", SPLIT_PTL, k.lock_write(k.PAGE_TABLE_LOCK)),
  since("3.13", SPLIT_PTL, k.lock_write(k.PTL)),
  // Without i_mmap the file may have been truncated meanwhile: the size is looked at again under the lock.
  until("5.7", I_MMAP_FAULT, k.beyond_size(Reg.TMP), k.if_set(Reg.TMP, "truncated")),
  k.move(Reg.INDEX, Reg.PAGE),
  k.read_entry(Reg.TMP),
  k.move(Reg.PAGE, Reg.INDEX),
  k.if_set(Reg.TMP, "lost"),
  k.page_dup_rmap(),
  k.set_entry(k.PMD),
  k.set(Reg.TMP, 0),
  k.jump("unlock"),
  // Another fault was first: the reference that we took goes back.
  ...at("lost", k.put_page(), k.set(Reg.TMP, 0), k.jump("unlock")),
  ...at("truncated", k.put_page(), k.set(Reg.TMP, 7)),
  ...at("unlock"),
  since("3.13", SPLIT_PTL, k.unlock(k.PTL)),
  until("3.13", SPLIT_PTL, k.unlock(k.PAGE_TABLE_LOCK)),
  ...at("out"),
]);

const hugetlb_fault = listing("mm/hugetlb.c", "hugetlb_fault", [
  k.vma_index(),
  until("6.1", VMA_LOCK, since("5.7", I_MMAP_FAULT, k.lock_read(k.I_MMAP))),
  since("6.1", VMA_LOCK, k.lock_write(k.FAULT_OUTER), k.lock_read(k.VMA_LOCK)),
  huge_pte_alloc,
  until("5.7", I_MMAP_FAULT, k.lock_write(k.FAULT_OUTER)),
  until("6.1", VMA_LOCK, since("5.7", I_MMAP_FAULT, k.lock_write(k.FAULT_INNER))),
  k.vma_index(),
  k.read_entry(Reg.TMP),
  k.if_set(Reg.TMP, "spurious"),
  hugetlb_no_page,
  k.jump("done"),
  ...at("spurious", k.set(Reg.TMP, 0)),
  ...at("done"),
  until("5.7", I_MMAP_FAULT, k.unlock(k.FAULT_OUTER)),
  until("6.1", VMA_LOCK, since("5.7", I_MMAP_FAULT, k.unlock(k.FAULT_INNER), k.unlock(k.I_MMAP))),
  since("6.1", VMA_LOCK, k.unlock(k.VMA_LOCK), k.unlock(k.FAULT_OUTER)),
]);

/**
 * A page of an ordinary file: found locked, mapped under the lock of its table. A load maps it read-only, so that the
 * first store is noticed (vma_wants_writenotify); a store marks it dirty. TMP: 0, or the signal.
 */
const do_fault = (store: boolean) =>
  listing("mm/memory.c", store ? "do_shared_fault" : "do_read_fault", [
    k.vma_index(),
    k.find_or_alloc_page(Reg.TMP),
    k.if_set(Reg.TMP, "out"),
    k.lock_write(p.FOLIO_LOCK),
    p.still_cached(Reg.TMP),
    k.if_zero(Reg.TMP, "truncated"),
    k.alloc_tables(Reg.TMP, k.BASE, Reg.ADDRESS),
    k.walk(Reg.ADDRESS, k.BASE),
    k.lock_write(k.PTL),
    k.move(Reg.INDEX, Reg.PAGE),
    k.read_entry(Reg.TMP),
    k.move(Reg.LAST, Reg.PAGE),
    k.move(Reg.PAGE, Reg.INDEX),
    k.if_set(Reg.TMP, "present"),
    ...(store ? [] : [k.set(Reg.PROT, VmaFlag.READ)]),
    k.page_dup_rmap(),
    k.set_entry(k.BASE, store),
    ...(store ? [k.set(Reg.BATCH, Entry.DIRTY), p.mark_dirty(Reg.BATCH)] : []),
    k.jump("mapped"),
    // Somebody has mapped it already; a store makes the entry writable (wp_page_reuse).
    ...at("present"),
    ...(store ? [p.make_writable(), k.set(Reg.BATCH, Entry.DIRTY), p.mark_dirty(Reg.BATCH)] : []),
    k.unlock(k.PTL),
    k.unlock(p.FOLIO_LOCK),
    k.put_page(),
    k.set(Reg.TMP, 0),
    k.jump("out"),
    ...at("mapped", k.unlock(k.PTL), k.unlock(p.FOLIO_LOCK), k.set(Reg.TMP, 0)),
    k.jump("out"),
    ...at("truncated", k.unlock(p.FOLIO_LOCK), k.put_page(), k.set(Reg.TMP, 0)),
    ...at("out"),
  ]);

/** TMP: 0, or the signal. */
const do_anonymous_page = listing("mm/memory.c", "do_anonymous_page", [
  k.alloc_tables(Reg.TMP, k.BASE, Reg.ADDRESS),
  k.walk(Reg.ADDRESS, k.BASE),
  k.if_zero(Reg.ENTRY, "huge"),
  k.alloc_anon_page(Reg.TMP),
  k.if_set(Reg.TMP, "out"),
  k.lock_write(k.PTL),
  k.move(Reg.INDEX, Reg.PAGE),
  k.read_entry(Reg.TMP),
  k.move(Reg.PAGE, Reg.INDEX),
  k.if_set(Reg.TMP, "lost"),
  k.page_dup_rmap(),
  k.set_entry(k.BASE, true),
  k.unlock(k.PTL),
  k.jump("out"),
  // Another fault has mapped a huge page meanwhile.
  ...at("huge", k.set(Reg.TMP, 0), k.jump("out")),
  // Another fault was first: its page stays, ours goes back.
  ...at("lost", k.unlock(k.PTL), k.put_page(), k.set(Reg.TMP, 0)),
  ...at("out"),
]);

const unlockMm: readonly Line[] = [
  until("6.10", FAULT_UNDER_VMA_LOCK, k.unlock(k.MMAP_LOCK)),
  since("6.10", FAULT_UNDER_VMA_LOCK, k.unlock(k.VMA_WRITE)),
];

/** A driver's fault handler: its memory is mapped as it is, no reference, no map count (VM_PFNMAP). */
const insert_pfn = (store: boolean) =>
  listing("mm/memory.c", "vmf_insert_pfn", [
    k.vma_index(),
    k.lock_read(k.I_MMAP),
    p.device_page(Reg.TMP),
    k.if_set(Reg.TMP, "out"),
    k.alloc_tables(Reg.TMP, k.BASE, Reg.ADDRESS),
    k.walk(Reg.ADDRESS, k.BASE),
    k.lock_write(k.PTL),
    k.move(Reg.INDEX, Reg.PAGE),
    k.read_entry(Reg.TMP),
    k.move(Reg.PAGE, Reg.INDEX),
    k.if_set(Reg.TMP, "present"),
    k.set_entry(k.BASE, true),
    k.jump("mapped"),
    ...at("present", ...(store ? [p.make_writable()] : [])),
    ...at("mapped", k.unlock(k.PTL)),
    k.set(Reg.TMP, 0),
    ...at("out", k.unlock(k.I_MMAP)),
  ]);

/** A load from untouched memory of a VMA that wants huge pages: the huge zero page, read-only. */
const do_huge_pmd_anonymous_page = listing("mm/huge_memory.c", "do_huge_pmd_anonymous_page", [
  k.align_down(Reg.ADDRESS, Reg.ADDRESS, k.PMD),
  k.alloc_tables(Reg.TMP, k.PMD, Reg.ADDRESS),
  p.get_huge_zero_page(Reg.TMP),
  k.if_set(Reg.TMP, "out"),
  k.move(Reg.INDEX, Reg.PAGE),
  k.walk(Reg.ADDRESS, k.PMD),
  k.lock_write(k.PTL),
  k.read_entry(Reg.TMP),
  k.move(Reg.PAGE, Reg.INDEX),
  k.if_set(Reg.TMP, "lost"),
  k.set(Reg.PROT, VmaFlag.READ),
  c.set_huge(Reg.TMP),
  k.if_zero(Reg.TMP, "lost"),
  k.unlock(k.PTL),
  k.jump("mapped"),
  ...at("lost", k.unlock(k.PTL), k.put_page()),
  ...at("mapped", k.set(Reg.TMP, 0)),
  ...at("out"),
]);

/** Goes to "done" after a huge fault. */
const huge: readonly Line[] = [
  k.test(Reg.TMP, Reg.PROT, VmaFlag.HUGEPAGE),
  k.if_zero(Reg.TMP, "base"),
  do_huge_pmd_anonymous_page,
  k.jump("done"),
  ...at("base"),
];

const handle_mm_fault = (store: boolean) =>
  listing("mm/memory.c", "handle_mm_fault", [
    k.move(Reg.ADDRESS, Reg.START),
    until("6.10", FAULT_UNDER_VMA_LOCK, k.lock_read(k.MMAP_LOCK)),
    since("6.10", FAULT_UNDER_VMA_LOCK, k.lock_read(k.VMA_WRITE)),
    k.find_vma(Reg.START),
    k.if_zero(Reg.VMA, "segv"),
    k.move(Reg.PROT, Reg.TMP),
    k.test(Reg.TMP, Reg.PROT, store ? VmaFlag.WRITE : VmaFlag.READ),
    k.if_zero(Reg.TMP, "segv"),
    k.test(Reg.TMP, Reg.PROT, VmaFlag.HUGETLB),
    k.if_zero(Reg.TMP, "anon"),
    hugetlb_fault,
    k.jump("done"),
    ...at("anon", p.vma_file(Reg.TMP), k.if_set(Reg.TMP, "file")),
    k.walk(Reg.START, k.PMD),
    k.if_zero(Reg.ENTRY, "small"),
    k.read_entry(Reg.TMP),
    k.test(Reg.BATCH, Reg.TMP, Entry.LEAF),
    k.if_set(Reg.BATCH, "mapped"),
    ...at("small"),
    ...(store ? [] : huge),
    do_anonymous_page,
    k.jump("done"),
    ...at("file", k.test(Reg.TMP, Reg.PROT, VmaFlag.PFNMAP), k.if_set(Reg.TMP, "pfn")),
    do_fault(store),
    k.jump("done"),
    ...at("pfn", insert_pfn(store)),
    k.jump("done"),
    // A huge page is there already. A store to the huge zero page would want a page of its own: that is left out.
    ...at("mapped", k.test(Reg.BATCH, Reg.TMP, store ? Entry.WRITE : Entry.PRESENT), k.set(Reg.TMP, 0)),
    k.if_set(Reg.BATCH, "done"),
    k.set(Reg.TMP, 7),
    ...at("done", ...unlockMm),
    k.if_zero(Reg.TMP, "out"),
    k.signal(7),
    k.jump("out"),
    ...at("segv", ...unlockMm, k.signal(11), k.set(Reg.TMP, 11)),
    ...at("out"),
  ]);

/** A load or store: fault and try again until it goes through or a signal ends it. */
const userAccess = (store: boolean) =>
  listing("user", store ? "store" : "load", [
    ...at("retry", k.access(store, "fault")),
    k.jump("out"),
    ...at("fault", handle_mm_fault(store)),
    k.if_zero(Reg.TMP, "retry"),
    ...at("out", k.ret(false)),
  ]);

export const load = userAccess(false);
export const store = userAccess(true);
