/**
 * Base pages: zap_pte_range, many entries under one page-table lock.
 *
 * The count is an operand: one entry at a time when every interleaving matters, a whole table when only the result
 * does. Entries are cleared, recorded, unmapped and queued; the caller flushes before anything is freed.
 *
 * Reference: mm/memory.c zap_pte_range [S: kernel.md 3.4].
 */

import { Reg } from "../abi/operands";
import { Entry, Frame, Mm, VmaFlag } from "../abi/records";
import { GatherBit } from "../abi/tasks";
import { entryCleared, rightsLost } from "../ghost/obligations";
import {
  alignDown,
  entriesOf,
  frameOf,
  indexOf,
  isTableEntry,
  pagesOf,
  slotOf,
  slotTable,
  writeEntry,
} from "../hw/tables";
import { add, bulk, frameAt, gatherOf, get, mmAt, put, reg, regWord, setReg } from "../word";
import { zapInBulk } from "./bulk";
import { queue, record } from "./gather";

/**
 * Clears up to `limit` present entries in [ADDRESS, LAST) and moves ADDRESS past what it has looked at; a missing table
 * is skipped as a whole. True when the batch is full.
 */
export function zapPtes(task: u32, limit: u32): bool {
  if (bulk) return zapInBulk(task, limit);
  const mm = regWord(task, Reg.MM);
  const pgd = get(mmAt(mm) + Mm.PGD);
  const gather = gatherOf(task);
  const end = reg(task, Reg.LAST);
  let at = reg(task, Reg.ADDRESS);
  let left = limit;
  let full = false;
  let slot: u32 = 0;
  let table: u32 = 0;
  while (at < end && left > 0 && !full) {
    if (slot == 0 || indexOf(at, 0) == 0) {
      slot = slotOf(pgd, at, 0);
      table = slotTable;
    }
    if (slot == 0) {
      at = nextTable(pgd, at);
      continue;
    }
    const entry = get(slot);
    if ((entry & Entry.PRESENT) != 0) {
      const frame = frameOf(entry);
      entryCleared(mm, at, 0, table, slot, 0);
      writeEntry(slot, 0);
      record(gather, at, 1, GatherBit.CLEARED_0);
      if (get(frameAt(frame) + Frame.MAPS) != 0) add(frameAt(frame) + Frame.MAPS, -1);
      full = queue(gather, frame);
      left--;
    }
    slot++;
    at++;
  }
  setReg(task, Reg.ADDRESS, at < end ? at : end);
  return full;
}

/** First address that may have a table again, after the missing one on the way to `at`. */
export function nextTable(pgd: u32, at: u64): u64 {
  let level: u32 = 1;
  let slot = slotOf(pgd, at, level);
  while (slot == 0) slot = slotOf(pgd, at, ++level);
  const last = entriesOf(level) - 1;
  let index = indexOf(at, level);
  let next = alignDown(at, level) + pagesOf(level);
  // Its neighbours are often missing too: a sparse range is passed a table at a time.
  while (index < last && !isTableEntry(get(++slot))) {
    next += pagesOf(level);
    index++;
  }
  return next;
}

/** Gives every present base-page entry of [ADDRESS, LAST) the rights PROT; true when one lost its write right. */
export function protectPtes(task: u32): bool {
  const mm = regWord(task, Reg.MM);
  const pgd = get(mmAt(mm) + Mm.PGD);
  const end = reg(task, Reg.LAST);
  const writable = (regWord(task, Reg.PROT) & VmaFlag.WRITE) != 0;
  let at = reg(task, Reg.ADDRESS);
  let changed = false;
  let slot: u32 = 0;
  let table: u32 = 0;
  while (at < end) {
    if (slot == 0 || indexOf(at, 0) == 0) {
      slot = slotOf(pgd, at, 0);
      table = slotTable;
    }
    if (slot == 0) {
      at = nextTable(pgd, at);
      continue;
    }
    const entry = get(slot);
    if ((entry & Entry.PRESENT) != 0 && ((entry & Entry.WRITE) != 0) != writable) {
      if (!writable) {
        rightsLost(mm, at, 0, table, slot, 0);
        changed = true;
      }
      put(slot, writable ? entry | Entry.WRITE : entry & ~Entry.WRITE);
    }
    slot++;
    at++;
  }
  setReg(task, Reg.ADDRESS, end);
  return changed;
}
