/**
 * flush_tlb_all for the CPUs of one mm: an interrupt whose handler drops everything that the CPU has cached.
 *
 * Reference: arch/x86/mm/tlb.c do_flush_tlb_all [M].
 */
import { EventKind, Hidden, Sometimes } from "../abi/events";
import { Reg, Scope } from "../abi/operands";
import { Cpu, Mm, Tally } from "../abi/records";
import { Task } from "../abi/tasks";
import { event, sometimes } from "../ghost/report";
import { invalidated } from "../ghost/rules";
import { invalidateAll } from "../hw/invalidate";
import { add, concrete, cpuAt, cpus, get, mmAt, mms, put, regWord, tally } from "../word";
import { setPending } from "./interrupts";

/** In Cpu.PENDING: a request to drop everything waits. */
export const EVERYTHING: u32 = 0x80000000;

/** on_each_cpu_mask(mm_cpumask, do_flush_tlb_all): everything that the CPUs of MM's mask have cached must go. */
export function sendFlushAll(task: u32): void {
  const me = get(task + Task.CPU);
  const mask = get(mmAt(regWord(task, Reg.MM)) + Mm.CPUMASK) & ~(1 << me);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if ((mask & (1 << cpu)) == 0) continue;
    put(cpuAt(cpu) + Cpu.PENDING_ALL, get(cpuAt(cpu) + Cpu.PENDING_ALL) | (1 << me));
    setPending(cpu, get(cpuAt(cpu) + Cpu.PENDING) | EVERYTHING);
    event(EventKind.IPI, cpu, regWord(task, Reg.MM), 0, 0, 0, 0);
  }
  if (mask == 0) return;
  put(cpuAt(me) + Cpu.AWAITED, get(cpuAt(me) + Cpu.AWAITED) | mask);
  add(tally(Tally.IPIS), <u32>popcnt(mask));
  sometimes(Sometimes.REMOTE_FLUSH);
}

/** do_flush_tlb_all. The generations of the slots stay as they are: what they promise still holds. */
export function flushAll(cpu: u32): void {
  if (concrete) invalidateAll(cpu);
  event(EventKind.INVALIDATED, cpu, 0, 0, 0, Scope.CONTEXT, 0);
  for (let mm: u32 = 0; mm < mms; mm++) invalidated(cpu, mm, Scope.CONTEXT, 0, 0, 0, Hidden.WHOLE_MM);
}
