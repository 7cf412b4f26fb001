/**
 * Two locks of newer kernels: the hugetlb vma_lock (6.1), and the per-VMA lock that faults take instead of mmap_lock.
 *
 * All per-VMA locks of an mm are one lock here: with the writers of mmap_lock, whoever write-locks one VMA and whoever
 * write-locks another exclude each other anyway.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { at, type Line, listing, since } from "../listing.js";
import * as k from "../ops.js";

/** hugetlb vma_lock: who may walk tables that others may unshare [S: 6.1.192, 7.0rc6; commit M]. */
export const VMA_LOCK = "40549ba8f8e0";

/** Faults of huge pages without mmap_lock (6.10) [M]; those of base pages (6.4) are not told apart. */
export const FAULT_UNDER_VMA_LOCK = "7c43a553792a";

const start = listing("include/linux/mm.h", "vma_start_write", [
  k.holds(k.VMA_WRITE, Reg.TMP),
  k.if_set(Reg.TMP, "held"),
  k.lock_write(k.VMA_WRITE),
  ...at("held"),
]);

const end = listing("include/linux/mmap_lock.h", "vma_end_write_all", [
  k.holds(k.VMA_WRITE, Reg.TMP),
  k.if_zero(Reg.TMP, "free"),
  k.unlock(k.VMA_WRITE),
  ...at("free"),
]);

/** From here to mmap_write_unlock or mmap_write_downgrade no fault of the VMA runs. */
export const vma_start_write: Line = since("6.10", FAULT_UNDER_VMA_LOCK, start);
export const vma_end_write_all: Line = since("6.10", FAULT_UNDER_VMA_LOCK, end);
