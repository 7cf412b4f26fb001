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

import { Hidden, Sometimes } from "../abi/events";
import { Machine, Reg, Scope } from "../abi/operands";
import { Cpu, Entry, Mm, Tally } from "../abi/records";
import { Task } from "../abi/tasks";
import { leftToBatch } from "../ghost/calls";
import { sometimes } from "../ghost/report";
import { add, cpuAt, cpus, get, machine, mmAt, mms, put, regWord, tally } from "../word";
import { drop, hasSlots } from "./spaces";
import { batchFunc, interrupt } from "./x86";

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

/** Bits of Task.BATCH_DUE. */
const DUE: u32 = 1;
const DUE_DIRTY: u32 = 2;

/** set_tlb_ubc_flush_pending, the mm's half: as a bool, or one generation more. */
export function mark(task: u32, byGeneration: bool, old: u32): void {
  const mm = mmAt(regWord(task, Reg.MM));
  put(mm + Mm.BATCH_PENDING, byGeneration ? get(mm + Mm.BATCH_PENDING) + 1 : 1);
  leftToBatch(regWord(task, Reg.MM));
  owe(task, old);
}

/** The task's half: a flush is due, and before any I/O if the entry was dirty. */
export function owe(task: u32, old: u32): void {
  put(task + Task.BATCH_DUE, get(task + Task.BATCH_DUE) | DUE | ((old & Entry.DIRTY) != 0 ? DUE_DIRTY : 0));
  sometimes(Sometimes.DEFERRED);
}

/** arch_tlbbatch_add_pending where flushes are interrupts: the mm's next generation, and its CPUs into the mask. */
export function addCpus(task: u32): void {
  const mm = mmAt(regWord(task, Reg.MM));
  if (hasSlots()) add(mm + Mm.TLB_GENERATION, 1);
  put(task + Task.BATCH_CPUS, get(task + Task.BATCH_CPUS) | get(mm + Mm.CPUMASK));
}

/**
 * arch_tlbbatch_flush: every CPU of the mask drops all that the mm it runs owes. INVLPGB and the remote fences of riscv
 * name no mm either.
 */
export function send(task: u32): void {
  const me = get(task + Task.CPU);
  const mask = get(task + Task.BATCH_CPUS);
  put(cpuAt(me) + Cpu.REQUEST_MM, 0);
  add(tally(Tally.FLUSHES), 1);
  add(tally(Tally.FULL_FLUSHES), 1);
  if (machine == Machine.X86_INVLPGB) sometimes(Sometimes.REMOTE_FLUSH);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if (machine == Machine.X86_INVLPGB) dropAll(cpu);
    else if ((mask & (1 << cpu)) == 0) continue;
    else if (cpu == me) batchFunc(cpu);
    else interrupt(cpu, me, 0);
  }
}

function dropAll(cpu: u32): void {
  for (let mm: u32 = 0; mm < mms; mm++) drop(cpu, mm, Scope.CONTEXT, 0, 0, 0, Hidden.WHOLE_MM);
}

export function reset(task: u32): void {
  put(task + Task.BATCH_CPUS, 0);
  put(task + Task.BATCH_DUE, 0);
}
