/**
 * mm/mmap.c and mm/memory.c: mmap, munmap, exit, MADV_DONTNEED, and the switch of a CPU's mm.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { at, type Line, listing, only, since, until } from "../listing.js";
import * as k from "../ops.js";
import { sync_ipi } from "../ops-walkers.js";
import * as p from "../pageops.js";
import { invalidate_range_end, invalidate_range_start } from "../virt/kvm.js";
import { tlb_finish_mmu, tlb_flush_mmu, tlb_flush_mmu_tlbonly } from "./gather.js";
import { __unmap_hugepage_range, flush_if_unshared } from "./hugetlb.js";
import { splitEnds } from "./hugetlb-unshare.js";
import { VMA_LOCK, vma_end_write_all, vma_start_write } from "./locking.js";
import { unmap_page_range } from "./memory.js";

/** Numbers of files are below this one. */
export const NO_FILE = 0x7fffffff;

const ZAP_LOCKED = "2820b0f09be9";
const HUGE_DONTNEED = "90e7e7f5ef3f";

/** One VMA of a munmap or exit: huge pages under i_mmap_rwsem, base pages without. */
const unmap_single_vma = listing("mm/memory.c", "unmap_single_vma", [
  k.vma_bounds(Reg.TMP),
  k.if_zero(Reg.TMP, "ordinary"),
  // 3.5 frees its private list itself; what other VMAs have gathered must not be freed with it unflushed.
  until("3.6", "24669e58477e", tlb_flush_mmu),
  since("6.1", VMA_LOCK, k.lock_write(k.VMA_LOCK)),
  k.lock_write(k.I_MMAP),
  __unmap_hugepage_range,
  until("6.1", VMA_LOCK, since("3.6", "d833352a4338", k.clear_maysharing())),
  since("6.1", VMA_LOCK, k.detach_vma_lock(), k.unlock(k.VMA_LOCK)),
  k.unlock(k.I_MMAP),
  only("late-flush", flush_if_unshared),
  k.jump("out"),
  ...at("ordinary", unmap_page_range),
  ...at("out"),
]);

const unmap_vmas = listing("mm/memory.c", "unmap_vmas", [
  k.set(Reg.VMA, 0),
  ...at("next", k.next_detached()),
  k.if_zero(Reg.VMA, "out"),
  unmap_single_vma,
  k.jump("next"),
  ...at("out"),
]);

/**
 * Frames without references stay alive only as long as their owner believes them mapped, and it asks the file's tree:
 * the flush must come first. From 5.19 at the end of each VMA, later here [S: 7.0rc6; T: b67fbebd4cf9].
 */
const tlb_free_vmas = listing("include/asm-generic/tlb.h", "tlb_free_vmas", [
  p.gather_pfn(Reg.TMP),
  k.if_zero(Reg.TMP, "none"),
  tlb_flush_mmu_tlbonly,
  ...at("none"),
]);

/** Bit of free_next_table()'s answer: no page for a batch was to be had. */
const NO_BATCH = 2;

/**
 * A table that no batch takes is freed at once, after an interrupt to every CPU for the sake of software walkers. From
 * 4.19 on hardware is thought of too [S: 7.0rc6 for the order; M for the commit]. On x86 only kernels with paravirt
 * support took this path then; here every machine does.
 */
const tlb_remove_table_one = listing("mm/mmu_gather.c", "tlb_remove_table_one", [
  since("4.19", "d86564a2f085", tlb_flush_mmu_tlbonly),
  ...sync_ipi(),
  k.put_table(),
]);

/** Takes the VMAs out of their files' trees (i_mmap again), then the tables that nobody needs out of the mm. */
const free_pgtables = listing("mm/memory.c", "free_pgtables", [
  since("5.19", "b67fbebd4cf9", tlb_free_vmas),
  k.set(Reg.VMA, 0),
  ...at("next", k.next_detached()),
  k.if_zero(Reg.VMA, "tables"),
  k.vma_bounds(Reg.TMP),
  // An anonymous VMA has no file: its number is the largest.
  k.set(Reg.TMP, NO_FILE),
  k.if_ge(Reg.FILE, Reg.TMP, "next"),
  k.lock_write(k.I_MMAP),
  k.unlink_file_vma(),
  k.unlock(k.I_MMAP),
  k.jump("next"),
  ...at("tables", k.free_next_table(Reg.TMP)),
  k.if_zero(Reg.TMP, "out"),
  k.test(Reg.TMP, Reg.TMP, NO_BATCH),
  k.if_zero(Reg.TMP, "batched"),
  tlb_remove_table_one,
  k.jump("tables"),
  ...at("batched", k.gather_full(Reg.TMP)),
  k.if_zero(Reg.TMP, "tables"),
  tlb_flush_mmu,
  k.jump("tables"),
  ...at("out"),
]);

const unmap_region: readonly Line[] = [k.tlb_gather_mmu(), unmap_vmas, free_pgtables, tlb_finish_mmu];

/** The part of munmap below the mmap_lock; mremap ends with it too. */
export const __do_munmap = listing("mm/mmap.c", "__do_munmap", [
  splitEnds,
  vma_start_write,
  k.detach_vmas(),
  ...unmap_region,
]);

export const munmap = listing("mm/mmap.c", "munmap", [
  k.lock_write(k.MMAP_LOCK),
  splitEnds,
  vma_start_write,
  k.detach_vmas(),
  vma_end_write_all,
  since("4.20", "dd2283f2605e", k.downgrade(k.MMAP_LOCK)),
  ...unmap_region,
  k.free_vmas(),
  k.unlock(k.MMAP_LOCK),
  k.ret(true),
]);

/** The last thread of the mm has left it; its CPU keeps it loaded, lazily, until it switches away. */
export const exit = listing("mm/mmap.c", "exit_mmap", [
  k.enter_lazy_tlb(),
  k.detach_all(),
  k.tlb_gather_mmu(1),
  unmap_vmas,
  free_pgtables,
  tlb_finish_mmu,
  k.free_vmas(),
  k.leave_mm(),
  k.ret(false),
]);

export const mmap = listing("mm/mmap.c", "mmap", [
  k.lock_write(k.MMAP_LOCK),
  k.link_vma(),
  k.unlock(k.MMAP_LOCK),
  k.ret(false),
]);

/**
 * MADV_DONTNEED of [ADDRESS, LAST) of a huge VMA (5.18, 90e7e7f5ef3f [M]). Up to 6.6 the gather ends after the locks
 * are dropped; since 2820b0f09be9 (6.7 [M]) inside them [S: 7.0rc6 zap_page_range_single]. Only whole huge pages:
 * others are EINVAL.
 */
const zap_huge_range = listing("mm/memory.c", "zap_page_range_single", [
  until("6.7", ZAP_LOCKED, k.tlb_gather_mmu()),
  since("6.1", VMA_LOCK, k.lock_write(k.VMA_LOCK)),
  k.lock_write(k.I_MMAP),
  since("6.7", ZAP_LOCKED, k.tlb_gather_mmu()),
  __unmap_hugepage_range,
  since("6.7", ZAP_LOCKED, tlb_finish_mmu),
  since("6.1", VMA_LOCK, k.unlock(k.VMA_LOCK)),
  k.unlock(k.I_MMAP),
  until("6.7", ZAP_LOCKED, tlb_finish_mmu),
]);

/** MADV_DONTNEED, VMA by VMA. On hugetlb it is EINVAL up to 5.17: passed over here. */
export const dontneed = listing("mm/madvise.c", "madvise", [
  k.lock_read(k.MMAP_LOCK),
  k.move(Reg.ADDRESS, Reg.START),
  ...at("next", k.if_ge(Reg.ADDRESS, Reg.END, "out")),
  k.find_vma(Reg.ADDRESS),
  k.if_zero(Reg.VMA, "hole"),
  k.move(Reg.INDEX, Reg.ADDRESS),
  k.vma_bounds(Reg.TMP),
  k.move(Reg.ADDRESS, Reg.INDEX),
  k.if_ge(Reg.END, Reg.LAST, "whole"),
  k.move(Reg.LAST, Reg.END),
  ...at("whole"),
  until("5.18", HUGE_DONTNEED, k.if_set(Reg.TMP, "skip")),
  since("5.18", HUGE_DONTNEED, k.if_set(Reg.TMP, "huge")),
  invalidate_range_start,
  k.tlb_gather_mmu(),
  unmap_page_range,
  invalidate_range_end,
  tlb_finish_mmu,
  since("5.18", HUGE_DONTNEED, k.jump("skip"), ...at("huge", zap_huge_range)),
  ...at("skip", k.move(Reg.ADDRESS, Reg.LAST)),
  k.jump("next"),
  ...at("out", k.unlock(k.MMAP_LOCK)),
  k.ret(true),
  // Nothing is mapped there: ENOMEM, and the call promises nothing.
  ...at("hole", k.unlock(k.MMAP_LOCK), k.ret(false)),
]);

/** The scheduler gives the CPU to another process, or to nobody. */
export const switchMm = listing("arch/x86/mm/tlb.c", "switch_mm_irqs_off", [k.switch_mm(), k.ret(false)]);
export const goIdle = listing("arch/x86/mm/tlb.c", "enter_lazy_tlb", [k.enter_lazy_tlb(), k.ret(false)]);

/** Not a kernel path: holds a task back until another mm has let go of a table, so that a race stands alone. */
export const awaitClear = listing("(scenario)", "await-clear", [k.await_clear(), k.ret(false)]);
