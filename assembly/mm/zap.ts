/**
 * Base pages: zap_pte_range, many entries under one page-table lock.
 *
 * The count is an operand: one entry at a time when every interleaving matters, a whole table when only the result
 * does. Entries are cleared, recorded, unmapped and queued; the caller flushes before anything is freed.
 *
 * Reference: mm/memory.c zap_pte_range [S: kernel.md 3.4].
 */

import { Machine, Reg } from "../abi/operands";
import { Entry, Frame, Mm, Rest, Vma, VmaFlag } from "../abi/records";
import { GatherBit } from "../abi/tasks";
import { entryCleared, rightsLost } from "../ghost/obligations";
import {
  alignDown,
  entriesOf,
  firstUsed,
  frameOf,
  indexOf,
  pagesOf,
  slotOf,
  slotTable,
  writeEntry,
} from "../hw/tables";
import { add, bulk, frameAt, gatherOf, get, machine, mmAt, put, reg, regWord, restAt, setReg, vmaAt } from "../word";
import { isAnonymous, zapInBulk } from "./bulk";
import { queue, record } from "./gather";
import { isFilePage } from "./pages";
import { hasSlots } from "./spaces";

/** What zapPtes has met: the batch is full; a dirty page of a file was unmapped. */
export const enum ZapResult {
  FULL = 1,
  DIRTY = 2,
}

/** In a queued frame: its map count falls only when the flush is done (encoded page, delayed rmap). */
export const DELAYED: u32 = 0x80000000;

/** End of the PTE table of `at`, or `end` if that comes first. */
function tableEnd(at: u64, end: u64): u64 {
  const next = alignDown(at, 1) + pagesOf(1);
  return next < end ? next : end;
}

/**
 * Clears up to `limit` entries in [ADDRESS, LAST), of one table, and moves ADDRESS past what it has looked at; a
 * missing table is skipped. The caller holds the table's lock.
 */
export function zapPtes(task: u32, limit: u32, delayRmap: bool): u32 {
  if (bulk && isAnonymous(task)) return zapInBulk(task) ? <u32>ZapResult.FULL : 0;
  const pgd = get(mmAt(regWord(task, Reg.MM)) + Mm.PGD);
  const end = tableEnd(reg(task, Reg.ADDRESS), reg(task, Reg.LAST));
  let at = reg(task, Reg.ADDRESS);
  let left = limit;
  let result: u32 = 0;
  let slot = slotOf(pgd, at, 0);
  const table = slotTable;
  while (at < end && left > 0 && (result & ZapResult.FULL) == 0) {
    if (slot == 0) {
      at = nextTable(pgd, at);
      break;
    }
    if (get(slot) != 0) {
      result |= zapEntry(task, at, table, slot, delayRmap);
      left--;
    }
    slot++;
    at++;
  }
  const last = reg(task, Reg.LAST);
  setReg(task, Reg.ADDRESS, at < last ? at : last);
  return result;
}

function hasFrames(task: u32): bool {
  const vma = regWord(task, Reg.VMA);
  return vma == 0 || (get(vmaAt(vma - 1) + Vma.FLAGS) & VmaFlag.PFNMAP) == 0;
}

function zapEntry(task: u32, at: u64, table: u32, slot: u32, delayRmap: bool): u32 {
  const entry = get(slot);
  const frame = frameOf(entry);
  entryCleared(regWord(task, Reg.MM), at, 0, table, slot, 0);
  writeEntry(slot, 0);
  const counted = hasFrames(task);
  record(gatherOf(task), at, 1, counted ? <u32>GatherBit.CLEARED_0 : GatherBit.CLEARED_0 | GatherBit.PFN);
  if (!counted) return 0;
  const dirty = (entry & Entry.DIRTY) != 0 && isFilePage(frame);
  if (dirty) put(restAt(frame) + Rest.DIRTY, 1);
  const later = dirty && delayRmap;
  if (!later && get(frameAt(frame) + Frame.MAPS) != 0) add(frameAt(frame) + Frame.MAPS, -1);
  const full = queue(gatherOf(task), later ? frame | DELAYED : frame);
  return (full ? <u32>ZapResult.FULL : 0) | (dirty ? <u32>ZapResult.DIRTY : 0);
}

/** First address that may have a table again, after the missing one on the way to `at`. */
export function nextTable(pgd: u32, at: u64): u64 {
  let level: u32 = 1;
  let slot = slotOf(pgd, at, level);
  while (slot == 0) slot = slotOf(pgd, at, ++level);
  // Its neighbours are often missing too: a sparse range is passed a table at a time.
  const from = slot - indexOf(at, level);
  const end = from + entriesOf(level);
  slot = firstUsed(slot + 1, end);
  return alignDown(at, level + 1) + <u64>(slot - from) * pagesOf(level);
}

/** What protectPtes has met: a present entry; one whose rights have changed. */
export const enum ProtectResult {
  VISITED = 1,
  CHANGED = 2,
}

/** pte_needs_flush: x86 knows which changes a TLB may ignore; elsewhere each present entry is flushed. */
function needsFlush(changed: bool): bool {
  return changed || (!hasSlots() && machine != Machine.X86_INVLPGB);
}

/**
 * Gives every present entry of [ADDRESS, LAST), of one table, the rights PROT and moves ADDRESS past them; records what
 * must be flushed when the caller has a gather.
 */
export function protectPtes(task: u32, recorded: bool): u32 {
  const mm = regWord(task, Reg.MM);
  const pgd = get(mmAt(mm) + Mm.PGD);
  const end = tableEnd(reg(task, Reg.ADDRESS), reg(task, Reg.LAST));
  const writable = (regWord(task, Reg.PROT) & VmaFlag.WRITE) != 0;
  let at = reg(task, Reg.ADDRESS);
  let result: u32 = 0;
  let slot = slotOf(pgd, at, 0);
  const table = slotTable;
  while (at < end) {
    if (slot == 0) {
      at = nextTable(pgd, at);
      break;
    }
    const entry = get(slot);
    const present = (entry & Entry.PRESENT) != 0;
    const changed = present && ((entry & Entry.WRITE) != 0) != writable;
    if (present) result |= ProtectResult.VISITED;
    if (recorded && present && needsFlush(changed)) record(gatherOf(task), at, 1, GatherBit.CLEARED_0);
    if (changed) {
      result |= ProtectResult.CHANGED;
      if (!writable) rightsLost(mm, at, 0, table, slot, 0);
      put(slot, writable ? entry | Entry.WRITE : entry & ~Entry.WRITE);
    }
    slot++;
    at++;
  }
  const last = reg(task, Reg.LAST);
  setReg(task, Reg.ADDRESS, at < last ? at : last);
  return result;
}

/** ADDRESS := the first address that may have a table again, at most LAST. */
export function skipTable(task: u32): void {
  const next = nextTable(get(mmAt(regWord(task, Reg.MM)) + Mm.PGD), reg(task, Reg.ADDRESS));
  const last = reg(task, Reg.LAST);
  setReg(task, Reg.ADDRESS, next < last ? next : last);
}
