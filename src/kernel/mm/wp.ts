/**
 * mm/memory.c and mm/userfaultfd.c: write-protection by userfaultfd, and the copy that a write fault makes.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { VmaFlag } from "../../../assembly/abi/records.js";
import { arch, at, type Line, listing, since } from "../listing.js";
import * as k from "../ops.js";
import * as p from "../pageops.js";

/** The page at START. */
const flushPage: readonly Line[] = [
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.START),
  k.add_pages(Reg.RANGE_END, k.BASE),
  k.set(Reg.STRIDE, k.BASE),
  arch("flush_tlb_range"),
];

/** UFFDIO_WRITEPROTECT of [START, END): under mmap_lock for read, with the flush at the end [M: change_protection]. */
export const uffd_wp = listing("mm/userfaultfd.c", "mwriteprotect_range", [
  k.lock_read(k.MMAP_LOCK),
  k.tlb_gather_mmu(),
  k.move(Reg.ADDRESS, Reg.START),
  k.move(Reg.LAST, Reg.END),
  k.find_vma(Reg.START),
  k.if_zero(Reg.VMA, "flush"),
  k.set(Reg.PROT, VmaFlag.READ),
  k.walk(Reg.START, k.BASE),
  k.if_zero(Reg.ENTRY, "flush"),
  k.lock_write(k.PTL),
  p.protect_ptes(Reg.TMP),
  k.unlock(k.PTL),
  ...at("flush"),
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.END),
  k.set(Reg.STRIDE, k.BASE),
  arch("flush_tlb_range"),
  k.gather_finish(),
  k.unlock(k.MMAP_LOCK),
  k.ret(true),
]);

/**
 * A write fault on a read-only page at START that is to be copied. That the protection has been lifted again by another
 * thread of the monitor, so that the fault is not its business, is left out [S: 7.0rc6 for the check; T: 6ce64428d620].
 */
export const do_wp_page = listing("mm/memory.c", "do_wp_page", [
  k.lock_read(k.MMAP_LOCK),
  k.move(Reg.ADDRESS, Reg.START),
  k.find_vma(Reg.START),
  k.if_zero(Reg.VMA, "out"),
  k.walk(Reg.START, k.BASE),
  k.if_zero(Reg.ENTRY, "out"),
  k.lock_write(k.PTL),
  k.read_entry(Reg.TMP),
  k.if_zero(Reg.TMP, "writable"),
  k.test(Reg.TMP, Reg.TMP, VmaFlag.WRITE),
  k.if_set(Reg.TMP, "writable"),
  since("5.13", "6ce64428d620", k.flush_pending(Reg.TMP), k.if_zero(Reg.TMP, "copy"), ...flushPage, ...at("copy")),
  k.copy_page(),
  k.if_zero(Reg.PAGE, "writable"),
  k.move(Reg.TMP, Reg.PAGE),
  k.clear_entry(k.BASE, "ptep_clear_flush()"),
  ...flushPage,
  k.set(Reg.PROT, VmaFlag.READ | VmaFlag.WRITE),
  k.page_dup_rmap(),
  k.set_entry(k.BASE, true),
  k.move(Reg.PAGE, Reg.INDEX),
  k.page_remove_rmap(),
  k.unlock(k.PTL),
  k.put_page(),
  k.jump("out"),
  ...at("writable", k.unlock(k.PTL)),
  ...at("out", k.unlock(k.MMAP_LOCK), k.ret(false)),
]);
