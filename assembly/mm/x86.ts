/**
 * arch/x86/mm/tlb.c: generations, PCID slots, lazy CPUs, flush interrupts.
 *
 * Protocol
 *   A flush raises the mm's tlb_gen and tells the other CPUs of mm_cpumask by interrupt; a receiver compares
 *   generations and invalidates the range, or everything when it has missed one. A lazy CPU is left alone unless tables
 *   were freed, and catches up when it next runs the mm. The sender waits until each receiver has acknowledged.
 *
 * Invariants
 *   X1  What a PCID slot holds is never older than the generation it records.
 *   X2  A request stays as it is until every receiver has taken it.
 *
 * Reference: flush_tlb_mm_range, flush_tlb_func, switch_mm_irqs_off, enter_lazy_tlb [S: kernel.md 4.1].
 */

import { EventKind, Hidden, Sometimes } from "../abi/events";
import { Boot } from "../abi/layout";
import { Machine, Reg, Scope } from "../abi/operands";
import { Cpu, Mm, Tally } from "../abi/records";
import { Task } from "../abi/tasks";
import { event, sometimes } from "../ghost/report";
import { addressScope } from "../hw/invalidate";
import { pagesOf } from "../hw/tables";
import {
  add,
  boot,
  clearBits,
  cpuAt,
  cpus,
  get,
  getLong,
  machine,
  mmAt,
  mms,
  put,
  putLong,
  reg,
  regWord,
  setBits,
  setReg,
  tally,
} from "../word";
import { EVERYTHING, flushAll } from "./all";
import { ask, setPending } from "./interrupts";
import { fence } from "./riscv";
import { drop, hasSlots, slotAt } from "./spaces";
import { leaveMm } from "./switching";

export { spaceOfCpu, spaceOfMm } from "./spaces";

/** FULL when the flush has more strides than the ceiling. An empty or inverted range is the kernel's "everything". */
export function decideFull(task: u32): void {
  const from = reg(task, Reg.RANGE_START);
  const to = reg(task, Reg.RANGE_END);
  const strides = (to - from) / pagesOf(regWord(task, Reg.STRIDE));
  if (regWord(task, Reg.FULL) != 0) setReg(task, Reg.FULL, Hidden.WHOLE_MM);
  else if (to < from || strides > boot(Boot.CEILING)) setReg(task, Reg.FULL, Hidden.CEILING);
}

export function nextGeneration(task: u32): void {
  const mm = mmAt(regWord(task, Reg.FLUSH_MM));
  add(mm + Mm.TLB_GENERATION, 1);
  setReg(task, Reg.GENERATION, get(mm + Mm.TLB_GENERATION));
  writeRequest(task);
  put(cpuAt(get(task + Task.CPU)) + Cpu.REQUEST_GENERATION, get(mm + Mm.TLB_GENERATION));
}

/** What this CPU is about to ask of the others: the flush in the registers. */
export function writeRequest(task: u32): void {
  const full = regWord(task, Reg.FULL);
  add(tally(Tally.FLUSHES), 1);
  if (full != 0) add(tally(Tally.FULL_FLUSHES), 1);
  const cpu = get(task + Task.CPU);
  const from = reg(task, Reg.RANGE_START);
  const to = reg(task, Reg.RANGE_END);
  const stride = regWord(task, Reg.STRIDE);
  const tables = regWord(task, Reg.TABLES);
  event(EventKind.FLUSH, cpu, regWord(task, Reg.FLUSH_MM), from, to, 0, stride | (tables << 8) | (full << 9));
  const request = cpuAt(cpu);
  put(request + Cpu.REQUEST_MM, regWord(task, Reg.FLUSH_MM) + 1);
  putLong(request + Cpu.REQUEST_START, from);
  putLong(request + Cpu.REQUEST_END, to);
  put(request + Cpu.REQUEST_STRIDE, stride | (full << 8));
  put(request + Cpu.REQUEST_TABLES, tables);
}

/** REQUEST_TABLES of a request that is about the kernel's own mappings. */
const KERNEL_REQUEST: u32 = 2;

/** flush_tlb_kernel_range: every CPU is asked, page by page, whatever it has loaded. */
export function sendKernel(task: u32): void {
  const me = get(task + Task.CPU);
  writeRequest(task);
  put(cpuAt(me) + Cpu.REQUEST_TABLES, KERNEL_REQUEST);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) if (cpu != me) interrupt(cpu, me, regWord(task, Reg.FLUSH_MM));
}

export function kernelLocal(task: u32): void {
  flushFor(get(task + Task.CPU), get(task + Task.CPU));
}

/** What `sender` has asked `cpu` for, as the machine does it. */
function flushFor(cpu: u32, sender: u32): void {
  if (machine == Machine.RISCV) fence(cpu, sender);
  else flushFunc(cpu, sender);
}

/** The flush of a reclaim batch, which names no mm: all of the mm that `cpu` runs, or all there is (riscv). */
export function batchFunc(cpu: u32): void {
  if (!hasSlots()) {
    for (let mm: u32 = 0; mm < mms; mm++) drop(cpu, mm, Scope.CONTEXT, 0, 0, 0, Hidden.WHOLE_MM);
    return;
  }
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  if (loaded == 0) return;
  if (get(cpuAt(cpu) + Cpu.LAZY) != 0) {
    leaveMm(cpu);
    return;
  }
  const local = slotAt(cpu, get(cpuAt(cpu) + Cpu.SLOT)) + 1;
  const current = get(mmAt(loaded - 1) + Mm.TLB_GENERATION);
  if (get(local) == current) return;
  drop(cpu, loaded - 1, Scope.CONTEXT, 0, 0, 0, Hidden.WHOLE_MM);
  put(local, current);
}

/** flush_tlb_func on `cpu` for the request that `sender` has written. */
export function flushFunc(cpu: u32, sender: u32): void {
  const self = cpuAt(cpu);
  const request = cpuAt(sender);
  const mm = get(request + Cpu.REQUEST_MM) - 1;
  if (get(request + Cpu.REQUEST_TABLES) == KERNEL_REQUEST) {
    const from = getLong(request + Cpu.REQUEST_START);
    invalidatePages(cpu, mm, from, getLong(request + Cpu.REQUEST_END), 1);
    return;
  }
  if (get(self + Cpu.LOADED_MM) != mm + 1) {
    // 6.1 and earlier: a CPU leaves mm_cpumask when it switches away, so there is nothing of the mm in use here.
    clearBits(mmAt(mm) + Mm.CPUMASK, 1 << cpu);
    return;
  }
  if (get(self + Cpu.LAZY) != 0) {
    leaveMm(cpu);
    return;
  }
  const local = slotAt(cpu, get(self + Cpu.SLOT)) + 1;
  const wanted = get(request + Cpu.REQUEST_GENERATION);
  const current = get(mmAt(mm) + Mm.TLB_GENERATION);
  if (get(local) >= wanted) return;
  const stride = get(request + Cpu.REQUEST_STRIDE);
  const full = stride >> 8;
  const from = getLong(request + Cpu.REQUEST_START);
  const to = getLong(request + Cpu.REQUEST_END);
  if (full == 0 && wanted == get(local) + 1 && wanted == current) {
    invalidatePages(cpu, mm, from, to, pagesOf(stride & 255));
  } else {
    drop(cpu, mm, Scope.CONTEXT, 0, from, to, full != 0 ? full : Hidden.WHOLE_MM);
  }
  put(local, current);
}

/** One INVLPG a stride, which drops the page's leaf, and of the paging-structure entries what hw/invalidate.ts says. */
function invalidatePages(cpu: u32, mm: u32, from: u64, to: u64, stride: u64): void {
  let at = from;
  while (at < to) {
    drop(cpu, mm, addressScope(false), 0, at, at + 1, 0);
    at += stride;
  }
}

export function flushLocal(task: u32): void {
  const cpu = get(task + Task.CPU);
  if (get(cpuAt(cpu) + Cpu.LOADED_MM) == regWord(task, Reg.FLUSH_MM) + 1) flushFunc(cpu, cpu);
}

/** Interrupts every CPU of mm_cpumask that is not lazy, or all of them when tables were freed. */
export function sendIpi(task: u32): void {
  const me = get(task + Task.CPU);
  const mm = regWord(task, Reg.FLUSH_MM);
  const mask = get(mmAt(mm) + Mm.CPUMASK) & ~(1 << me);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if ((mask & (1 << cpu)) == 0) continue;
    if (regWord(task, Reg.TABLES) == 0 && get(cpuAt(cpu) + Cpu.LAZY) != 0) {
      sometimes(Sometimes.LAZY_SKIPPED);
      continue;
    }
    interrupt(cpu, me, mm);
  }
}

/** `sender` interrupts `cpu` about `mm`, and waits for it. */
export function interrupt(cpu: u32, sender: u32, mm: u32): void {
  ask(cpu, sender);
  setBits(cpuAt(sender) + Cpu.AWAITED, 1 << cpu);
  add(tally(Tally.IPIS), 1);
  sometimes(Sometimes.REMOTE_FLUSH);
  event(EventKind.IPI, cpu, mm, 0, 0, 0, 0);
}

/** Whether every CPU has acknowledged what `cpu` sent. */
export function acknowledged(cpu: u32): bool {
  return get(cpuAt(cpu) + Cpu.AWAITED) == 0;
}

/** The interrupt itself: requests to drop everything first, then the lowest sender. */
export function handleIpi(cpu: u32): void {
  const all = get(cpuAt(cpu) + Cpu.PENDING_ALL);
  const pending = get(cpuAt(cpu) + Cpu.PENDING);
  const sender = <u32>ctz(all != 0 ? all : pending);
  if (all != 0) {
    flushAll(cpu);
    put(cpuAt(cpu) + Cpu.PENDING_ALL, all & ~(1 << sender));
    if ((all & (all - 1)) == 0) setPending(cpu, pending & ~EVERYTHING);
  } else {
    if (get(cpuAt(sender) + Cpu.REQUEST_MM) == 0) batchFunc(cpu);
    else flushFor(cpu, sender);
    setPending(cpu, pending & ~(1 << sender));
  }
  clearBits(cpuAt(sender) + Cpu.AWAITED, 1 << cpu);
}
