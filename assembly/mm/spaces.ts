/**
 * Which tag a CPU keeps translations under: a PCID slot of its own, or the mm's ASID, which is the same on every CPU.
 *
 *   x86, x86-pti, x86-tce    six PCID slots a CPU, handed out in turn
 *   x86-invlpgb              the mm's global ASID: every mm here has one from its start; Linux gives it out when an
 *                            mm is active on four CPUs, and interrupts like x86 until then [S: 7.0rc6]
 *   arm64, riscv, precise    the mm's ASID
 */
import { EventKind } from "../abi/events";
import { Machine } from "../abi/operands";
import { Cpu, Mm } from "../abi/records";
import { event } from "../ghost/report";
import { invalidated } from "../ghost/rules";
import { invalidate } from "../hw/invalidate";
import { concrete, cpuAt, get, machine, mmAt } from "../word";

export const SLOT_COUNT: u32 = 6;

/** Whether the machine keeps generations in PCID slots. */
export function hasSlots(): bool {
  return machine == Machine.X86 || machine == Machine.X86_PTI || machine == Machine.X86_TCE;
}

export function slotAt(cpu: u32, slot: u32): u32 {
  return cpuAt(cpu) + Cpu.SLOTS + (slot << 1);
}

/** Tag of the translations that `cpu` makes for the mm it has loaded: PCID slot, or the mm's own ASID. */
export function spaceOfCpu(cpu: u32): u32 {
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  if (loaded == 0) return 0;
  return hasSlots() ? get(cpuAt(cpu) + Cpu.SLOT) + 1 : asidSpace(loaded - 1);
}

/** The mm and the number of its ASID in its life: an ASID that is given to another is clean by then. */
function asidSpace(mm: u32): u32 {
  return (mm + 1) | (get(mmAt(mm) + Mm.ASID) << 16);
}

/** Tag under which `cpu` keeps translations of `mm`, 0 when it keeps none. */
export function spaceOfMm(cpu: u32, mm: u32): u32 {
  if (!hasSlots()) return asidSpace(mm);
  for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
    if (get(slotAt(cpu, slot)) == get(mmAt(mm) + Mm.CONTEXT)) return slot + 1;
  }
  return 0;
}

/** One invalidation on one CPU, in the TLBs when they are simulated, and for the oracle. */
export function drop(cpu: u32, mm: u32, scope: u32, hint: u32, from: u64, to: u64, why: u32): void {
  if (concrete) {
    const space = spaceOfMm(cpu, mm);
    if (space != 0) invalidate(cpu, space, scope, hint, from, to);
  }
  event(EventKind.INVALIDATED, cpu, mm, from, to, scope, hint);
  invalidated(cpu, mm, scope, hint, from, to, why);
}
