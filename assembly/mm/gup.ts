/**
 * gup_fast: a software walker that takes no lock, only keeps the interrupts of its CPU off.
 *
 * Protocol
 *   It reads one level a step, takes a reference on the page that it finds, and looks again whether the entry is what
 *   it was. What it relies on: tables are not freed, and do not pass to somebody else, while its interrupts are off.
 *   A table is freed after a grace period that such a section holds up (or after an interrupt that it delays); a table
 *   that is only unshared needs tlb_remove_table_sync_one(): wait until every other CPU has taken an interrupt.
 *
 * A CPU with interrupts on answers at once, so that the wait is for those alone that have them off.
 *
 * Reference: mm/gup.c gup_fast, mm/mmu_gather.c tlb_remove_table_sync_one [S: kernel.md 2.6, 3.6].
 */

import { Fault, Sometimes } from "../abi/events";
import { Reg } from "../abi/operands";
import { Cpu, Entry, Frame, Kind, Mm, OWNER_FILE, OWNER_UNCOUNTED, Vma } from "../abi/records";
import { Gather, Task } from "../abi/tasks";
import { Access, noteVmas } from "../ghost/cells";
import { sometimes, violation } from "../ghost/report";
import { frameOf, indexOf, isTableEntry } from "../hw/tables";
import {
  add,
  clearBits,
  cpuAt,
  cpus,
  frameAt,
  gatherOf,
  get,
  getLong,
  kindOf,
  levels,
  mmAt,
  ownerOf,
  put,
  reg,
  regWord,
  setReg,
  tableAt,
  vmaAt,
  vmas,
} from "../word";
import { setInterruptsOff } from "./interrupts";
import { putPage } from "./pages";
import { isOf } from "./vma";

/** Number of the file that `mm` maps at `vpn`, 0 for none. A VMA that is being unmapped counts: entries may stand. */
function fileAt(mm: u32, vpn: u64): u32 {
  noteVmas(mm, Access.READ);
  for (let i: u32 = 0; i < vmas; i++) {
    const vma = vmaAt(i);
    if (!isOf(vma, mm) || vpn < getLong(vma + Vma.START) || vpn >= getLong(vma + Vma.END)) continue;
    return get(vma + Vma.FILE);
  }
  return 0;
}

/** Owner of the pages that `mm` maps at `vpn`. */
function ownerAt(mm: u32, vpn: u64): u32 {
  const file = fileAt(mm, vpn);
  return file == 0 ? mm + 1 : OWNER_FILE + file - 1;
}

/** Interrupts off; the walk of MM at ADDRESS begins at its root. LAST: owner of the pages that may be found there. */
export function begin(task: u32): void {
  const mm = regWord(task, Reg.MM);
  setIrqOff(get(task + Task.CPU), 1);
  put(task + Task.GUP_TABLE, get(mmAt(mm) + Mm.PGD) + 1);
  put(task + Task.GUP_LEVEL, levels - 1);
  setReg(task, Reg.LAST, ownerAt(mm, reg(task, Reg.ADDRESS)));
}

/** Reads one entry: 0 nothing there, 1 a table, 2 a page. ENTRY and RANGE_END keep where it was and what it was. */
export function step(task: u32): u32 {
  const table = get(task + Task.GUP_TABLE) - 1;
  const level = get(task + Task.GUP_LEVEL);
  const slot = tableAt(table) + indexOf(reg(task, Reg.ADDRESS), level);
  const entry = get(slot);
  setReg(task, Reg.NEW_ENTRY, reg(task, Reg.ENTRY));
  setReg(task, Reg.RANGE_START, reg(task, Reg.RANGE_END));
  setReg(task, Reg.ENTRY, slot);
  setReg(task, Reg.RANGE_END, entry);
  if ((entry & Entry.PRESENT) == 0) return 0;
  if (isTableEntry(entry)) {
    put(task + Task.GUP_TABLE, frameOf(entry) + 1);
    put(task + Task.GUP_LEVEL, level - 1);
    return 1;
  }
  setReg(task, Reg.PAGE, frameOf(entry));
  return 2;
}

/** try_grab_folio_fast(): a reference, unless the page has none left. */
export function grab(task: u32): bool {
  const references = frameAt(regWord(task, Reg.PAGE)) + Frame.REFERENCES;
  if (kindOf(regWord(task, Reg.PAGE)) != <u32>Kind.PAGE || get(references) == 0) return false;
  add(references, 1);
  return true;
}

/** Whether the entry is still what it was, and, for `depth` 2 and a base page, the entry above it too. */
export function unchanged(task: u32, depth: u32): bool {
  if (get(regWord(task, Reg.ENTRY)) != regWord(task, Reg.RANGE_END)) return false;
  return (
    depth < 2 || get(task + Task.GUP_LEVEL) != 0 || get(regWord(task, Reg.NEW_ENTRY)) == regWord(task, Reg.RANGE_START)
  );
}

/** The walk has succeeded: the page must be one that the mm had mapped there, or the huge zero page. */
export function keep(task: u32): void {
  sometimes(Sometimes.PINNED);
  const owner = ownerOf(regWord(task, Reg.PAGE));
  if (owner == regWord(task, Reg.LAST) || owner == OWNER_UNCOUNTED) return;
  // What was mapped there while the walk was under way is the mm's too.
  const mm = regWord(task, Reg.MM);
  if (owner != ownerAt(mm, reg(task, Reg.ADDRESS))) violation(Fault.WALKER_INSIDE, 0, 2);
}

/** The walker is out of all tables, and interrupts are on. */
export function end(task: u32): void {
  put(task + Task.GUP_TABLE, 0);
  put(task + Task.GUP_LEVEL, 0);
  setIrqOff(get(task + Task.CPU), 0);
}

/** Interrupts of a CPU off or on: when they are on again, it answers all who wait for it. */
export function setIrqOff(cpu: u32, off: u32): void {
  setInterruptsOff(cpu, off);
  if (off != 0) return;
  for (let other: u32 = 0; other < cpus; other++) {
    const waiting = cpuAt(other) + Cpu.SYNCS;
    clearBits(waiting, 1 << cpu);
  }
}

/** CPUs other than the task's own that have their interrupts off. */
function silent(task: u32): u32 {
  let found: u32 = 0;
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if (cpu != get(task + Task.CPU) && get(cpuAt(cpu) + Cpu.IRQ_OFF) != 0) found |= 1 << cpu;
  }
  return found;
}

/** Interrupts every other CPU; those that have their interrupts off answer when they are on again. */
export function sync(task: u32): void {
  put(cpuAt(get(task + Task.CPU)) + Cpu.SYNCS, silent(task));
}

/** Whether the next frame to be freed is a table while another CPU has its interrupts off. */
export function holdsUp(task: u32): bool {
  const gather = gatherOf(task);
  const count = get(gather + Gather.COUNT);
  if (count == 0 || silent(task) == 0) return false;
  return kindOf(get(gather + Gather.WORDS + count - 1)) == <u32>Kind.TABLE;
}

/** A walker of page frames (memory failure, compaction) takes a reference on the PMD table of NEW_START at START. */
export function speculate(task: u32, slot: u32): bool {
  if (slot == 0 || !isTableEntry(get(slot))) return false;
  const table = frameOf(get(slot));
  setReg(task, Reg.PAGE, table);
  add(frameAt(table) + Frame.REFERENCES, 1);
  return true;
}

export function unspeculate(task: u32): void {
  putPage(regWord(task, Reg.PAGE));
}
