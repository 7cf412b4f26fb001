/**
 * Page tables of an mm: making the missing ones, writing entries, freeing those that no VMA needs. Every clear is
 * announced to the oracle before it happens.
 *
 * Reference: mm/memory.c free_pgtables, free_pgd_range; pmd_free_tlb [S: kernel.md 3.2, kernel-truth.md 4.1].
 */

import { Fault, Sometimes } from "../abi/events";
import { LockRef, Reg } from "../abi/operands";
import { Entry, Frame, Globals, Kind, Mm, Vma, VmaFlag } from "../abi/records";
import { Access, noteVmas } from "../ghost/cells";
import { entryCleared, rightsLost } from "../ghost/obligations";
import { isNull, Missing, sometimes, violation } from "../ghost/report";
import { allocate, liveEntries, Pool } from "../hw/frames";
import {
  entriesOf,
  firstUsed,
  frameOf,
  indexOf,
  isTableEntry,
  makeEntry,
  pagesOf,
  slotOf,
  slotTable,
  writeEntry,
} from "../hw/tables";
import {
  add,
  bulk,
  bump,
  frameAt,
  gatherOf,
  get,
  getLong,
  globalWord,
  levels,
  mmAt,
  put,
  reg,
  regWord,
  setReg,
  tableAt,
  vmaAt,
  vmas,
} from "../word";
import { isFull, queue, recordTable } from "./gather";
import { lockOf, mustHold } from "./locks";
import { isOf } from "./vma";

function pgdOf(task: u32): u32 {
  return get(mmAt(regWord(task, Reg.MM)) + Mm.PGD);
}

/** ENTRY and TABLE of MM at `register`, level `level`; both 0 when a table on the way is missing. */
export function walk(task: u32, register: u32, level: u32): void {
  setReg(task, Reg.ENTRY, slotOf(pgdOf(task), reg(task, register), level));
  setReg(task, Reg.TABLE, slotTable);
}

/** NEW_ENTRY, and its table in TMP: the destination of a move. */
export function walkNew(task: u32, register: u32, level: u32): void {
  setReg(task, Reg.NEW_ENTRY, slotOf(pgdOf(task), reg(task, register), level));
  setReg(task, Reg.TMP, slotTable);
}

/**
 * Makes the missing tables for `vpn` down to the one of `level`, and charges the mm. False without memory. A huge page
 * on the way stays: the caller finds no entry then.
 */
export function allocTables(mm: u32, vpn: u64, level: u32): bool {
  let table = get(mmAt(mm) + Mm.PGD);
  let at: u32 = levels - 1;
  while (at > level) {
    const slot = tableAt(table) + indexOf(vpn, at);
    if ((get(slot) & Entry.PRESENT) != 0 && !isTableEntry(get(slot))) return true;
    if (!isTableEntry(get(slot))) {
      const child = allocate(Pool.TABLE, Kind.TABLE, mm + 1);
      if (child == 0) return false;
      writeEntry(slot, makeEntry(child, Entry.PRESENT | Entry.WRITE));
      bump(mmAt(mm) + Mm.TABLES, 1);
    }
    table = frameOf(get(slot));
    at--;
  }
  return true;
}

function guardOf(task: u32, ref: u32): u32 {
  return ref == LockRef.NONE ? 0 : lockOf(task, ref);
}

/** Clears the entry at ENTRY; gives what it was. */
export function clearEntry(task: u32, level: u32, guard: u32): u32 {
  mustHold(task, guard, true);
  const slot = regWord(task, Reg.ENTRY);
  if (isNull(slot, Missing.ENTRY)) return 0;
  const old = get(slot);
  const mm = regWord(task, Reg.MM);
  entryCleared(mm, reg(task, Reg.ADDRESS), level, regWord(task, Reg.TABLE), slot, guardOf(task, guard));
  writeEntry(slot, 0);
  return old;
}

/** Maps PAGE with the rights PROT. Only entries of level 0 know a dirty bit: hugetlb's are dirty from the start. */
export function setEntry(task: u32, level: u32, dirty: u32): void {
  const prot = regWord(task, Reg.PROT);
  const writable: u32 = dirty != 0 ? Entry.WRITE | Entry.DIRTY : Entry.WRITE;
  let flags: u32 = Entry.PRESENT | Entry.LEAF | ((prot & VmaFlag.WRITE) != 0 ? writable : 0);
  if ((prot & VmaFlag.KERNEL) != 0) flags |= Entry.GLOBAL;
  const slot = regWord(task, Reg.ENTRY);
  if (isNull(slot, Missing.ENTRY)) return;
  const mm = regWord(task, Reg.MM);
  entryCleared(mm, reg(task, Reg.ADDRESS), level, regWord(task, Reg.TABLE), slot, 0);
  writeEntry(slot, makeEntry(regWord(task, Reg.PAGE), flags));
}

/** Maps the huge page PAGE, unless a fault of a base page has put a table there meanwhile: those take no lock here. */
export function setHuge(task: u32): bool {
  const slot = regWord(task, Reg.ENTRY);
  if (slot != 0 && get(slot) != 0) return false;
  setEntry(task, 1, 0);
  return true;
}

/** A store to a shared page whose entry was read-only (wp_page_reuse): more rights, so nobody need be told. */
export function makeWritable(task: u32): void {
  const slot = regWord(task, Reg.ENTRY);
  if (isNull(slot, Missing.ENTRY)) return;
  if ((get(slot) & Entry.PRESENT) == 0 || (regWord(task, Reg.PROT) & VmaFlag.WRITE) == 0) return;
  put(slot, get(slot) | Entry.WRITE | Entry.DIRTY);
}

export function protectEntry(task: u32, level: u32): void {
  const slot = regWord(task, Reg.ENTRY);
  if (isNull(slot, Missing.ENTRY)) return;
  const entry = get(slot);
  if ((entry & Entry.PRESENT) == 0) return;
  if ((regWord(task, Reg.PROT) & VmaFlag.WRITE) != 0) {
    put(slot, entry | Entry.WRITE);
    return;
  }
  if ((entry & Entry.WRITE) == 0) return;
  rightsLost(regWord(task, Reg.MM), reg(task, Reg.ADDRESS), level, regWord(task, Reg.TABLE), slot, 0);
  put(slot, entry & ~Entry.WRITE);
  sometimes(Sometimes.PROTECTED);
}

/**
 * Moves the entry at ENTRY to NEW_ENTRY, whose address is in register `to` (0: not checked): all entries of a call move
 * by the same distance (kernel.md 7.2, I9).
 */
export function moveEntry(task: u32, level: u32, guard: u32, to: u32): void {
  mustHold(task, guard, true);
  const slot = regWord(task, Reg.ENTRY);
  if (isNull(slot, Missing.ENTRY)) return;
  const entry = get(slot);
  if ((entry & Entry.PRESENT) == 0 || isNull(regWord(task, Reg.NEW_ENTRY), Missing.ENTRY)) return;
  const mm = regWord(task, Reg.MM);
  const right = reg(task, Reg.ADDRESS) + reg(task, Reg.NEW_START) - reg(task, Reg.START);
  if (to != 0 && reg(task, to) != right) violation(Fault.MOVED_WRONG, 0, 0);
  entryCleared(mm, reg(task, Reg.ADDRESS), level, regWord(task, Reg.TABLE), slot, guardOf(task, guard));
  writeEntry(slot, 0);
  writeEntry(regWord(task, Reg.NEW_ENTRY), entry);
  sometimes(Sometimes.MOVED);
}

/** Whether any VMA still linked in the mm touches [start, end). */
function needed(mm: u32, start: u64, end: u64): bool {
  noteVmas(mm, Access.READ);
  for (let i: u32 = 0; i < vmas; i++) {
    const vma = vmaAt(i);
    if (!isOf(vma, mm) || get(vma + Vma.DETACHED) != 0) continue;
    if (getLong(vma + Vma.START) < end && start < getLong(vma + Vma.END)) return true;
  }
  return false;
}

/** The lowest table entry below `table` (whose entries are of `level`) in [from, to) that no VMA needs. */
function findFreeable(mm: u32, table: u32, level: u32, tableStart: u64, from: u64, to: u64): bool {
  if (level == 0) return false;
  const span = pagesOf(level);
  const count = entriesOf(level);
  let i: u32 = tableStart >= from ? 0 : <u32>((from - tableStart) / span);
  const first = tableAt(table);
  while (i < count) {
    const slot = firstUsed(first + i, first + count);
    i = slot - first;
    const start = tableStart + <u64>i * span;
    if (i == count || start >= to) return false;
    const entry = get(slot);
    if (isTableEntry(entry)) {
      if (findFreeable(mm, frameOf(entry), level - 1, start, from, to)) return true;
      if (!needed(mm, start, start + span)) {
        freeSlot = slot;
        freeTable = table;
        freeStart = start;
        freeLevel = level;
        return true;
      }
    }
    i++;
  }
  return false;
}

let freeSlot: u32 = 0;
let freeTable: u32 = 0;
let freeStart: u64 = 0;
let freeLevel: u32 = 0;
/** Bulk: nothing below is left to free, so that many tables do not cost the square of their number. */
let resumeAt: u64 = 0;

/**
 * Unhooks one table that no VMA needs any more, lowest level first: clears its parent's entry, records one page at the
 * table's start (the level above), queues the table. 0 when none is left in [START, END), 1 when one was queued, and
 * Unhooked.ALONE when there was no page for a batch: then it is in PAGE. In bulk, as many as the gather has room for.
 */
export function freeNextTable(task: u32): u32 {
  let result = unhookNext(task);
  while (bulk && result == Unhooked.QUEUED && !isFull(gatherOf(task))) {
    const next = unhookNext(task);
    if (next == Unhooked.NONE) break;
    result = next;
  }
  return result;
}

function unhookNext(task: u32): u32 {
  const mm = regWord(task, Reg.MM);
  const root = pgdOf(task);
  const from = bulk ? max(resumeAt, reg(task, Reg.START)) : reg(task, Reg.START);
  const found = findFreeable(mm, root, levels - 1, 0, from, reg(task, Reg.END));
  resumeAt = bulk && found ? freeStart : 0;
  if (!found) return Unhooked.NONE;
  const child = frameOf(get(freeSlot));
  // free_pmd_range() takes what it finds in a table for garbage and clears it (pmd_clear_bad): someone else's entries.
  if (get(frameAt(child) + Frame.REFERENCES) > 1 && liveEntries(child) != 0) violation(Fault.UNBALANCED, 0, 31);
  entryCleared(mm, freeStart, freeLevel, freeTable, freeSlot, 0);
  writeEntry(freeSlot, 0);
  recordTable(gatherOf(task), freeStart, freeLevel);
  bump(mmAt(mm) + Mm.TABLES, -1);
  const failures = globalWord(Globals.FAIL_BATCHES);
  if (get(failures) != 0) {
    add(failures, -1);
    setReg(task, Reg.PAGE, child);
    return Unhooked.ALONE;
  }
  queue(gatherOf(task), child);
  return Unhooked.QUEUED;
}

/** What came of unhooking a table; ALONE has the bit of QUEUED, so that zero means none. */
const enum Unhooked {
  NONE,
  QUEUED,
  ALONE = 3,
}

/** Injects failures: the next VALUE tables find no page for their batch. */
export function failBatches(task: u32): void {
  put(globalWord(Globals.FAIL_BATCHES), regWord(task, Reg.VALUE));
}

/** Clears the entry of `level` at ADDRESS that points to a table, which is left in PAGE; 0 when there is none. */
export function unhookTable(task: u32, level: u32): void {
  const mm = regWord(task, Reg.MM);
  const at = reg(task, Reg.ADDRESS);
  const slot = slotOf(pgdOf(task), at, level);
  const table = slotTable;
  setReg(task, Reg.PAGE, 0);
  if (slot == 0 || !isTableEntry(get(slot))) return;
  const child = frameOf(get(slot));
  entryCleared(mm, at, level, table, slot, 0);
  writeEntry(slot, 0);
  bump(mmAt(mm) + Mm.TABLES, -1);
  setReg(task, Reg.PAGE, child);
}

/** Word of the entry of `mm` that points to the PMD table of `vpn`, 0 when there is no table for it. */
export function pudSlot(mm: u32, vpn: u64): u32 {
  return slotOf(get(mmAt(mm) + Mm.PGD), vpn, 2);
}

/** Word of the base-page entry of `mm` for `vpn`, 0 when it has no table. */
export function leafSlot(mm: u32, vpn: u64): u32 {
  return slotOf(get(mmAt(mm) + Mm.PGD), vpn, 0);
}

/** The page stays mapped, but hardware must fault before it gets there (PROT_NONE for NUMA hinting). */
export function setProtNone(task: u32): void {
  const slot = regWord(task, Reg.ENTRY);
  if (isNull(slot, Missing.ENTRY) || (get(slot) & Entry.PRESENT) == 0) return;
  entryCleared(regWord(task, Reg.MM), reg(task, Reg.ADDRESS), 0, regWord(task, Reg.TABLE), slot, 0);
  put(slot, (get(slot) & ~(<u32>Entry.PRESENT)) | Entry.PROTNONE);
}

/** The missing tables of MM for the address in a register. */
export function allocTablesFor(task: u32, register: u32, level: u32): bool {
  return allocTables(regWord(task, Reg.MM), reg(task, register), level);
}
