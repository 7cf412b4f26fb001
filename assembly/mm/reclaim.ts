/**
 * Deferred flushes of reclaim: struct tlbflush_unmap_batch of a task, and mm->tlb_flush_batched.
 *
 * Protocol
 *   Reclaim clears an entry under the lock of its table, notes that a flush is due, and flushes many entries at once
 *   before it frees a page. Who changes entries under such a lock and may find them cleared asks mm->tlb_flush_batched
 *   first and flushes the mm if anything is pending.
 *
 * Invariants
 *   R1  BATCH_FLUSHED never passes BATCH_PENDING. As a bool (up to 5.16) the two are 0 or 1.
 *
 * Reference: mm/rmap.c set_tlb_ubc_flush_pending, flush_tlb_batched_pending, try_to_unmap_flush [S: 6.1.192, 7.0rc6].
 */

import { Machine, Reg } from "../abi/operands";
import { Mm } from "../abi/records";
import { Task } from "../abi/tasks";
import { get, machine, mmAt, put, regWord } from "../word";

/** What is pending for MM, 0 when a flush has covered all of it. */
export function pending(task: u32): u32 {
  const mm = mmAt(regWord(task, Reg.MM));
  const asked = get(mm + Mm.BATCH_PENDING);
  return asked == get(mm + Mm.BATCH_FLUSHED) ? 0 : asked;
}

/** The flush is done: for all that was ever asked (the bool), or for what BATCH has seen if no more was asked since. */
export function flushed(task: u32, byGeneration: bool): void {
  const mm = mmAt(regWord(task, Reg.MM));
  if (!byGeneration) {
    put(mm + Mm.BATCH_PENDING, 0);
    put(mm + Mm.BATCH_FLUSHED, 0);
  } else if (get(mm + Mm.BATCH_PENDING) == regWord(task, Reg.BATCH)) {
    put(mm + Mm.BATCH_FLUSHED, regWord(task, Reg.BATCH));
  }
}

/** arch_tlbbatch_should_defer: x86 when another CPU runs the mm; arm64 always, its broadcast only needs no waiting. */
export function shouldDefer(task: u32): bool {
  if (machine == Machine.ARM64 || machine == Machine.ARM64_RANGE || machine == Machine.PRECISE) return true;
  const others = get(mmAt(regWord(task, Reg.MM)) + Mm.CPUMASK) & ~(1 << get(task + Task.CPU));
  return others != 0;
}
