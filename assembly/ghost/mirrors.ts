/**
 * Secondary MMUs in the oracle: their entries hold no reference, so a page can be freed while one still maps it.
 *
 * Just before a page is freed, an entry of a secondary MMU that maps it is as good as cleared: it names a page that is
 * somebody else's from now on, and each vCPU may have it cached. That is an obligation like any other, born too late.
 */
import { Entry, Globals, Mm } from "../abi/records";
import { entriesOf, frameOf, isTableEntry, pagesOf } from "../hw/tables";
import { get, globalWord, levels, mmAt, mms, tableAt } from "../word";
import { entryCleared } from "./obligations";

export function mirrorsLose(frame: u32): void {
  if (get(globalWord(Globals.MIRRORS)) == 0) return;
  for (let mm: u32 = 0; mm < mms; mm++) {
    if (get(mmAt(mm) + Mm.MIRRORS) != 0) loseIn(mm, get(mmAt(mm) + Mm.PGD), levels - 1, 0, frame);
  }
}

function loseIn(mm: u32, table: u32, level: u32, start: u64, frame: u32): void {
  const count = entriesOf(level);
  for (let i: u32 = 0; i < count; i++) {
    const slot = tableAt(table) + i;
    const entry = get(slot);
    if ((entry & Entry.PRESENT) == 0) continue;
    const at = start + <u64>i * pagesOf(level);
    if (isTableEntry(entry)) loseIn(mm, frameOf(entry), level - 1, at, frame);
    else if (frameOf(entry) == frame) entryCleared(mm, at, level, table, slot, 0);
  }
}
