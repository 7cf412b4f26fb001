/**
 * mremap of base pages: entries go from one PTE table to another, under the locks of both.
 *
 * The page stays valid as long as somebody who wants to unmap it must wait for the lock of the table in which it can be
 * found now. So the guard of what hardware may keep is the lock of the new table.
 *
 * Reference: mm/mremap.c move_ptes [S: 6.1.192, 7.0rc6].
 */

import { Sometimes } from "../abi/events";
import { LockRef, Reg } from "../abi/operands";
import { Entry, Mm } from "../abi/records";
import { entryCleared } from "../ghost/obligations";
import { sometimes } from "../ghost/report";
import { alignDown, pagesOf, slotOf, slotTable, writeEntry } from "../hw/tables";
import { get, mmAt, reg, regWord, setReg } from "../word";
import { lockOf, mustHold } from "./locks";

/** What movePtes has met: a present entry; a dirty one. */
export const enum MoveResult {
  PRESENT = 1,
  DIRTY = 2,
}

function leftInTable(at: u64): u64 {
  return alignDown(at, 1) + pagesOf(1) - at;
}

/** LAST := where the tables of ADDRESS and of INDEX, the new address, both still reach; at most END. */
export function moveExtent(task: u32): void {
  const at = reg(task, Reg.ADDRESS);
  const left = min(leftInTable(at), leftInTable(reg(task, Reg.INDEX)));
  setReg(task, Reg.LAST, min(at + left, reg(task, Reg.END)));
}

/** Moves the entries of [ADDRESS, LAST) to INDEX. */
export function movePtes(task: u32, guard: u32): u32 {
  mustHold(task, guard, true);
  const mm = regWord(task, Reg.MM);
  const pgd = get(mmAt(mm) + Mm.PGD);
  const from = reg(task, Reg.ADDRESS);
  const count = reg(task, Reg.LAST) - from;
  const to = reg(task, Reg.INDEX);
  const lock = guard == LockRef.NONE ? 0 : lockOf(task, guard);
  let result: u32 = 0;
  for (let i: u64 = 0; i < count; i++) {
    const slot = slotOf(pgd, from + i, 0);
    const entry = get(slot);
    if (entry == 0) continue;
    if ((entry & Entry.PRESENT) != 0) result |= MoveResult.PRESENT;
    if ((entry & Entry.DIRTY) != 0) result |= MoveResult.DIRTY;
    entryCleared(mm, from + i, 0, slotTable, slot, lock);
    writeEntry(slot, 0);
    writeEntry(slotOf(pgd, to + i, 0), entry);
    sometimes(Sometimes.MOVED);
  }
  return result;
}
