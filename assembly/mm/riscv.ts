/**
 * arch/riscv/mm/tlbflush.c: SFENCE.VMA on every CPU of mm_cpumask, by interrupt or by a call into the firmware.
 *
 * Protocol
 *   The initiator asks the other CPUs of the mask, fences itself if it is in the mask, and waits; a CPU that has the mm
 *   loaded lazily is in the mask like any other. An SBI remote fence is the same with the firmware in between.
 *   A fence of one address drops leaves only; whatever frees a table must fence the whole ASID, and the gather does,
 *   for tables freed, not for tables unshared.
 *
 * Reference: __flush_tlb_range, local_flush_tlb_range_threshold_asid [S: 6.8, 038ac18aae93], tlb_flush [S: kernel.md
 * 4.4]. That a CPU stays in mm_cpumask for good when ASIDs are in use is [M].
 */
import { Hidden } from "../abi/events";
import { Boot } from "../abi/layout";
import { Reg, Scope } from "../abi/operands";
import { Cpu, Mm } from "../abi/records";
import { Task } from "../abi/tasks";
import { addressScope } from "../hw/invalidate";
import { pagesOf } from "../hw/tables";
import { boot, cpuAt, cpus, get, getLong, mmAt, reg, regWord, setReg } from "../word";
import { drop } from "./spaces";
import { interrupt, writeRequest } from "./x86";

/** FULL when tables were freed or the mm is dying, or when there are too many strides. */
export function decideLimits(task: u32): void {
  const stride = pagesOf(regWord(task, Reg.STRIDE));
  const size = reg(task, Reg.RANGE_END) - reg(task, Reg.RANGE_START);
  if (regWord(task, Reg.FULL) != 0 || regWord(task, Reg.TABLES) != 0) setReg(task, Reg.FULL, Hidden.WHOLE_MM);
  else if ((size + stride - 1) / stride > boot(Boot.FENCE_OPS)) setReg(task, Reg.FULL, Hidden.FENCE_LIMIT);
}

/** Asks every other CPU of the mask, lazy or not. */
export function send(task: u32): void {
  const me = get(task + Task.CPU);
  const mm = regWord(task, Reg.FLUSH_MM);
  const mask = get(mmAt(mm) + Mm.CPUMASK) & ~(1 << me);
  writeRequest(task);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) if ((mask & (1 << cpu)) != 0) interrupt(cpu, me, mm);
}

export function fenceLocal(task: u32): void {
  const me = get(task + Task.CPU);
  if ((get(mmAt(regWord(task, Reg.FLUSH_MM)) + Mm.CPUMASK) & (1 << me)) != 0) fence(me, me);
}

/** The fences on `cpu` that `sender` has asked for. The ASID is an operand: the mm need not be loaded. */
export function fence(cpu: u32, sender: u32): void {
  const request = cpuAt(sender);
  const mm = get(request + Cpu.REQUEST_MM) - 1;
  const stride = get(request + Cpu.REQUEST_STRIDE);
  const from = getLong(request + Cpu.REQUEST_START);
  const to = getLong(request + Cpu.REQUEST_END);
  if (stride >> 8 != 0) {
    drop(cpu, mm, Scope.CONTEXT, 0, from, to, stride >> 8);
    return;
  }
  let at = from;
  while (at < to) {
    drop(cpu, mm, addressScope(true), 0, at, at + 1, 0);
    at += pagesOf(stride & 255);
  }
}
