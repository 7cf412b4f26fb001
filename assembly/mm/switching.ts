/**
 * arch/x86/mm/tlb.c, the other half: a CPU loads an mm, keeps it lazily, leaves it. Other machines switch here too;
 * what they have of slots and masks says mm/spaces.ts.
 *
 * Reference: switch_mm_irqs_off, choose_new_asid, enter_lazy_tlb, leave_mm [S: kernel.md 4.1].
 */

import { Hidden } from "../abi/events";
import { Boot } from "../abi/layout";
import { Machine, Scope } from "../abi/operands";
import { Cpu, Mm } from "../abi/records";
import { mmLoaded } from "../ghost/rules";
import { boot, clearBits, cpuAt, cpus, get, machine, mmAt, put, setBits } from "../word";
import { takeAsid } from "./asid";
import { drop, hasSlots, SLOT_COUNT, slotAt } from "./spaces";

/** riscv with ASIDs keeps a CPU in mm_cpumask for good: it may still hold translations [M: riscv set_mm]. */
export function leaveMask(cpu: u32, mm: u32): void {
  if (machine == Machine.RISCV) return;
  clearBits(mmAt(mm) + Mm.CPUMASK, 1 << cpu);
}

/** switch_mm_irqs_off, in one step: the sub-steps are told apart only by an interrupt, and interrupts are off. */
export function switchMm(cpu: u32, mm: u32): void {
  beginSwitch(cpu, mm);
  finishSwitch(cpu, mm);
}

/** The CPU is in the mask of `mm` before it loads it; it stays in that of what it has loaded until then. */
export function beginSwitch(cpu: u32, mm: u32): void {
  if (get(cpuAt(cpu) + Cpu.LOADED_MM) == mm + 1) return;
  setBits(mmAt(mm) + Mm.CPUMASK, 1 << cpu);
}

/** The load itself: a slot, the generation that it must have, CR3. An interrupt may have come since the begin. */
export function finishSwitch(cpu: u32, mm: u32): void {
  const self = cpuAt(cpu);
  put(self + Cpu.LAZY, 0);
  const old = get(self + Cpu.LOADED_MM);
  if (old != mm + 1) {
    if (old != 0) leaveMask(cpu, old - 1);
    takeAsid(cpu, mm);
    chooseSlot(cpu, mm);
    put(self + Cpu.LOADED_MM, mm + 1);
  }
  const generation = slotAt(cpu, get(self + Cpu.SLOT)) + 1;
  if (hasSlots() && get(generation) != get(mmAt(mm) + Mm.TLB_GENERATION)) {
    drop(cpu, mm, Scope.CONTEXT, 0, 0, 0, Hidden.WHOLE_MM);
    put(generation, get(mmAt(mm) + Mm.TLB_GENERATION));
  }
  mmLoaded(cpu, mm);
}

/** choose_new_asid: the slot that still remembers the mm, or the next one round-robin, emptied. */
function chooseSlot(cpu: u32, mm: u32): void {
  if (!hasSlots()) return;
  const self = cpuAt(cpu);
  const context = get(mmAt(mm) + Mm.CONTEXT);
  const pcid = boot(Boot.PCID) != 0;
  if (pcid) {
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
      if (get(slotAt(cpu, slot)) != context) continue;
      put(self + Cpu.SLOT, slot);
      return;
    }
  }
  const slot = pcid ? get(self + Cpu.NEXT_SLOT) : 0;
  if (pcid) put(self + Cpu.NEXT_SLOT, (slot + 1) % SLOT_COUNT);
  forgetSlot(cpu, slot);
  put(slotAt(cpu, slot), context);
  put(slotAt(cpu, slot) + 1, get(mmAt(mm) + Mm.TLB_GENERATION));
  put(self + Cpu.SLOT, slot);
}

/** A slot that is handed to another mm is flushed: what it held of the old one is gone. */
function forgetSlot(cpu: u32, slot: u32): void {
  const context = get(slotAt(cpu, slot));
  if (context == 0) return;
  const old = context - 1;
  const loaded = get(cpuAt(cpu) + Cpu.LOADED_MM);
  put(cpuAt(cpu) + Cpu.LOADED_MM, 0);
  drop(cpu, old, Scope.CONTEXT, 0, 0, 0, Hidden.WHOLE_MM);
  put(cpuAt(cpu) + Cpu.LOADED_MM, loaded);
  put(slotAt(cpu, slot), 0);
}

export function enterLazy(cpu: u32): void {
  put(cpuAt(cpu) + Cpu.LAZY, 1);
}

/** A lazy CPU that is interrupted, or told to, switches to the kernel's own mm. */
export function leaveMm(cpu: u32): void {
  const self = cpuAt(cpu);
  const old = get(self + Cpu.LOADED_MM);
  if (old == 0) return;
  leaveMask(cpu, old - 1);
  put(self + Cpu.LOADED_MM, 0);
  put(self + Cpu.LAZY, 0);
  // Without a PCID to keep them under, the CR3 load drops the translations; with one they stay, latent.
  if (hasSlots() && boot(Boot.PCID) == 0) {
    drop(cpu, old - 1, Scope.CONTEXT, 0, 0, 0, Hidden.WHOLE_MM);
    put(slotAt(cpu, 0), 0);
  }
}

/**
 * A process is gone and its mm's number is to be given to another. A context is never used twice in the kernel, so
 * nothing that a CPU kept under this one can come alive again: here it is dropped.
 */
export function retireMm(mm: u32): void {
  const context = get(mmAt(mm) + Mm.CONTEXT);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if (get(cpuAt(cpu) + Cpu.LOADED_MM) == mm + 1) leaveMm(cpu);
    drop(cpu, mm, Scope.CONTEXT, 0, 0, 0, Hidden.WHOLE_MM);
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
      if (get(slotAt(cpu, slot)) == context) put(slotAt(cpu, slot), 0);
    }
  }
}
