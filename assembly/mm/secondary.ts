/**
 * Secondary MMUs: tables of their own (KVM's stage 2) that mirror the memory of an mm, kept true by notifiers.
 *
 * Protocol
 *   A secondary MMU is an mm of its own; the CPUs that have it loaded are vCPUs in the guest. Its entries map pages
 *   without a reference or a map count: before the mirrored mm lets go of a page, its path calls the notifier, which
 *   clears the entries and flushes the vCPUs. While that is under way (count), and if it has ended since a fault looked
 *   the page up (sequence), the fault starts again.
 *
 * Invariants
 *   N1  An entry that is there when its page is freed is a promise broken by whoever freed it: ghost/mirrors.ts.
 *
 * Reference: virt/kvm/kvm_main.c, arch/x86/kvm/mmu, arch/arm64/kvm/hyp/pgtable.c [M, but for the commits of B29 T].
 */
import { LockRef, Reg } from "../abi/operands";
import { Entry, Globals, Mm } from "../abi/records";
import { entryCleared } from "../ghost/obligations";
import { entriesOf, frameOf, isTableEntry, pagesOf, slotOf, slotTable, writeEntry } from "../hw/tables";
import { add, get, getLong, globalWord, mmAt, mms, put, putLong, reg, regWord, setReg, tableAt } from "../word";
import { mustHold } from "./locks";

function pgdOf(mm: u32): u32 {
  return get(mmAt(mm) + Mm.PGD);
}

export function mirror(task: u32): void {
  put(mmAt(regWord(task, Reg.MM)) + Mm.MIRRORS, regWord(task, Reg.NEW_START) + 1);
  put(globalWord(Globals.MIRRORS), 1);
}

/** Whether a secondary MMU mirrors MM; then MM becomes it. */
export function toSecondary(task: u32): bool {
  if (get(globalWord(Globals.MIRRORS)) == 0) return false;
  for (let mm: u32 = 0; mm < mms; mm++) {
    if (get(mmAt(mm) + Mm.MIRRORS) != regWord(task, Reg.MM) + 1) continue;
    setReg(task, Reg.MM, mm);
    return true;
  }
  return false;
}

/** The sequence grows before the count falls, as in mmu_invalidate_end. */
export function notify(task: u32, begins: bool): void {
  const mm = mmAt(regWord(task, Reg.MM));
  mustHold(task, LockRef.PAGE_TABLE, true);
  if (!begins) add(mm + Mm.NOTIFY_SEQUENCE, 1);
  add(mm + Mm.NOTIFY_COUNT, begins ? 1 : -1);
}

export function sequence(task: u32): u32 {
  return get(mmAt(regWord(task, Reg.MM)) + Mm.NOTIFY_SEQUENCE);
}

export function mustRetry(task: u32, seen: u32): bool {
  const mm = mmAt(regWord(task, Reg.MM));
  return get(mm + Mm.NOTIFY_COUNT) != 0 || get(mm + Mm.NOTIFY_SEQUENCE) != regWord(task, seen);
}

/** PAGE := what the mirrored mm maps at START with an entry of `level`; false when there is no such entry. */
export function mirrored(task: u32, level: u32): bool {
  const primary = get(mmAt(regWord(task, Reg.MM)) + Mm.MIRRORS);
  setReg(task, Reg.PAGE, 0);
  if (primary == 0) return false;
  const slot = slotOf(pgdOf(primary - 1), reg(task, Reg.START), level);
  const entry = slot == 0 ? 0 : get(slot);
  if ((entry & Entry.PRESENT) == 0 || isTableEntry(entry)) return false;
  setReg(task, Reg.PAGE, frameOf(entry));
  return true;
}

function clearLeaf(mm: u32, at: u64, level: u32): bool {
  const slot = slotOf(pgdOf(mm), at, level);
  const table = slotTable;
  const entry = slot == 0 ? 0 : get(slot);
  if ((entry & Entry.PRESENT) == 0 || isTableEntry(entry)) return false;
  entryCleared(mm, at, level, table, slot, 0);
  writeEntry(slot, 0);
  return true;
}

/** Clears the leaf entries of MM in [ADDRESS, LAST); true when there was one. */
export function clearLeaves(task: u32, level: u32): bool {
  let any = false;
  let at = reg(task, Reg.ADDRESS);
  while (at < reg(task, Reg.LAST)) {
    if (clearLeaf(regWord(task, Reg.MM), at, level)) any = true;
    at += pagesOf(level);
  }
  return any;
}

/** Empties the table PAGE, which stood at START and which nothing points to: only stale pointers reach it now. */
export function clearOrphans(task: u32, level: u32): void {
  const table = regWord(task, Reg.PAGE);
  const count = entriesOf(level);
  for (let i: u32 = 0; i < count; i++) {
    const slot = tableAt(table) + i;
    entryCleared(regWord(task, Reg.MM), reg(task, Reg.START) + <u64>i * pagesOf(level), level, table, slot, 0);
    writeEntry(slot, 0);
  }
}

/** The entry at START goes without a flush, and is counted for the next who flushes. */
export function dropUnflushed(task: u32, level: u32): bool {
  return clearLeaf(regWord(task, Reg.MM), reg(task, Reg.START), level);
}

/** VALUE is what the counter stood at before: a scenario need not run four thousand million times. */
export function countDirty(task: u32): void {
  const dirty = mmAt(regWord(task, Reg.MM)) + Mm.DIRTY;
  putLong(dirty, max(getLong(dirty), reg(task, Reg.VALUE)) + 1);
}

export function dirtyCount(task: u32): u64 {
  return getLong(mmAt(regWord(task, Reg.MM)) + Mm.DIRTY);
}
