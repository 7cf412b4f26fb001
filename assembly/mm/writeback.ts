/**
 * Write-back of pages of files: the dirty mark of a page, and the moment at which its content is taken.
 *
 * Protocol
 *   A dirty entry that goes makes its page dirty. Write-back first makes every entry clean and read-only
 *   (page_mkclean), then takes the mark, then the content. A store after that must take a fault, which marks the page
 *   again; one that needs none, through an entry that a TLB still has, is lost.
 *
 * Invariants
 *   W1  DIRTY is set before the map count falls: write-back, which asks the map count, comes after both or neither.
 *
 * Reference: mm/page-writeback.c clear_page_dirty_for_io, mm/rmap.c page_mkclean_one [S: 6.1.192].
 */

import { Sometimes } from "../abi/events";
import { Reg } from "../abi/operands";
import { Entry, Frame, Rest } from "../abi/records";
import { Gather } from "../abi/tasks";
import { sometimes } from "../ghost/report";
import { contentTaken } from "../ghost/writes";
import { add, frameAt, gatherOf, get, put, regWord, restAt } from "../word";
import { DELAYED } from "./zap";

function page(task: u32): u32 {
  return restAt(regWord(task, Reg.PAGE));
}

export function isDirty(task: u32): bool {
  return get(page(task) + Rest.DIRTY) != 0;
}

/** folio_mark_dirty, when the entry that was in `old` says so. */
export function markDirty(task: u32, old: u32): void {
  if ((old & Entry.DIRTY) != 0) put(page(task) + Rest.DIRTY, 1);
}

/** TestClearPageDirty */
export function clearDirty(task: u32): u32 {
  const was = get(page(task) + Rest.DIRTY);
  put(page(task) + Rest.DIRTY, 0);
  return was;
}

/** The device has the page's content as it is now. */
export function writeOut(task: u32): void {
  put(page(task) + Rest.SAVED, get(page(task) + Rest.VALUE));
  sometimes(Sometimes.WRITTEN_BACK);
  if (!isDirty(task)) contentTaken(regWord(task, Reg.PAGE));
}

/** tlb_flush_rmaps: the flush is done, so the map counts may fall. */
export function flushRmaps(task: u32): void {
  const gather = gatherOf(task);
  const count = get(gather + Gather.COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const slot = gather + Gather.WORDS + i;
    if ((get(slot) & DELAYED) == 0) continue;
    put(slot, get(slot) & ~DELAYED);
    add(frameAt(get(slot)) + Frame.MAPS, -1);
  }
}
