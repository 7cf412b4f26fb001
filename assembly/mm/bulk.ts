/**
 * Unmapping gigabytes: the batches of zap_pte_range, of tlb_batch_pages_flush and of free_pgtables, each in one pass.
 *
 * What a bulk run leaves in memory is, word for word, what the same listing leaves one entry at a time; only the oracle
 * is not told, so a bulk run proves nothing about flushes. It serves questions of cost.
 *
 * Invariants
 *   U1  Bulk is on only while `runBulk` runs one task and everyone else stands still: no search, no snapshot and no
 *       trace sees it. That is why this file may load and store past `put`, and why a page's map count may fall when
 *       the page is freed: its record, far from the table in memory, is touched once.
 *   U2  A frame that is not a plain page with one reference and no mapping left takes the ordinary way (putPage).
 */

import { Sometimes } from "../abi/events";
import { Boot } from "../abi/layout";
import { Reg } from "../abi/operands";
import { Entry, Frame, Globals, Kind, Mm, Tally } from "../abi/records";
import { Gather, GatherBit } from "../abi/tasks";
import { sometimes } from "../ghost/report";
import { firstFrame, frameCount, Pool } from "../hw/frames";
import { entriesOf, indexOf, slotOf } from "../hw/tables";
import { add, boot, frameAt, gatherOf, get, globalWord, mmAt, put, reg, regWord, setReg, tally } from "../word";
import { record } from "./gather";
import { putPage } from "./pages";
import { nextTable } from "./zap";

/** With a queued frame: it was cleared in a table and its map count has still to fall. */
const MAPPED: u32 = 0x80000000;

/** Present entries of [slot, slot + count) that were cleared; the first and the last of them. */
let cleared: u32 = 0;
let firstCleared: u32 = 0;
let lastCleared: u32 = 0;

/** Clears `count` entries of one table; what they mapped goes to `queue`, a word of the gather. */
export function clearEntries(slot: u32, count: u32, queue: u32): void {
  const end = (slot + count) << 2;
  let at = slot << 2;
  while (at < end && (load<u32>(at) & Entry.PRESENT) == 0) at += 4;
  firstCleared = (at >> 2) - slot;
  let last = at;
  const first = queue << 2;
  let to = first;
  while (at < end) {
    const entry = load<u32>(at);
    if ((entry & Entry.PRESENT) != 0) {
      store<u32>(at, 0);
      store<u32>(to, MAPPED | (entry >> Entry.SHIFT));
      to += 4;
      last = at;
    }
    at += 4;
  }
  cleared = (to - first) >> 2;
  lastCleared = (last >> 2) - slot;
}

/** zapPtes, a table at a time. A chunk never has more entries than the batch has room for. */
export function zapInBulk(task: u32, limit: u32): bool {
  const pgd = get(mmAt(regWord(task, Reg.MM)) + Mm.PGD);
  const gather = gatherOf(task);
  const end = reg(task, Reg.LAST);
  const batch = boot(Boot.BATCH);
  let at = reg(task, Reg.ADDRESS);
  let queued = get(gather + Gather.COUNT);
  let left = limit;
  while (at < end && left > 0 && queued < batch) {
    const slot = slotOf(pgd, at, 0);
    if (slot == 0) {
      at = nextTable(pgd, at);
      continue;
    }
    const chunk = min(min(left, batch - queued), entriesOf(0) - indexOf(at, 0));
    const count = <u32>min<u64>(chunk, end - at);
    clearEntries(slot, count, gather + Gather.WORDS + queued);
    if (cleared != 0) {
      record(gather, at + firstCleared, 1, GatherBit.CLEARED_0);
      record(gather, at + lastCleared, 1, GatherBit.CLEARED_0);
    }
    queued += cleared;
    left -= cleared;
    at += count;
  }
  put(gather + Gather.COUNT, queued);
  setReg(task, Reg.ADDRESS, at < end ? at : end);
  return queued >= batch;
}

/**
 * Whether the whole batch is base pages that lose their last reference now. Reads in the order of memory, one load not
 * waiting for another, so that the records are near when they are written.
 */
function isPlain(first: u32, end: u32): bool {
  const from = firstFrame(Pool.BASE);
  const pages = boot(Boot.REUSE) == 0 ? frameCount(Pool.BASE) : 0;
  let other: u64 = 0;
  let at = first;
  while (at < end) {
    const queued = load<u32>(at);
    const frame = queued & ~MAPPED;
    const record = frameAt(frame) << 2;
    // References and map count, as one load.
    other |= load<u64>(record, Frame.REFERENCES << 2) ^ (((<u64>(queued >> 31)) << 32) | 1);
    other |= <u64>((load<u32>(record, Frame.KIND << 2) ^ Kind.PAGE) | <u32>(frame - from >= pages));
    at += 4;
  }
  return other == 0;
}

/** Frees a plain batch; `top` is the free list. The first of the batch is freed last: it is the new top. */
function freePlain(first: u32, end: u32, top: u32): void {
  let at = first;
  while (at < end) {
    const record = frameAt(load<u32>(at) & ~MAPPED) << 2;
    at += 4;
    v128.store(record, i64x2.splat(0), Frame.KIND << 2);
    store<u32>(record, load<u32>(record, Frame.GENERATION << 2) + 1, Frame.GENERATION << 2);
    store<u64>(record, 0, Frame.SHARE << 2);
    store<u32>(record, at < end ? load<u32>(at) & ~MAPPED : top, Frame.NEXT << 2);
  }
}

/** The whole batch, in the order that one page at a time has: the last queued goes first. */
export function freeInBulk(gather: u32): void {
  const count = get(gather + Gather.COUNT);
  const first = (gather + Gather.WORDS) << 2;
  const end = first + (count << 2);
  if (isPlain(first, end)) {
    const head = globalWord(Globals.FREE_BASE);
    if (get(head) == 0) put(globalWord(Globals.TAIL_BASE), load<u32>(end - 4) & ~MAPPED);
    freePlain(first, end, get(head));
    put(head, load<u32>(first) & ~MAPPED);
    add(tally(Tally.PAGES_FREED), count);
    sometimes(Sometimes.PAGE_FREED);
  } else {
    let at = end;
    while (at > first) {
      at -= 4;
      const frame = load<u32>(at) & ~MAPPED;
      const maps = frameAt(frame) + Frame.MAPS;
      if (load<u32>(at) != frame && get(maps) != 0) add(maps, -1);
      putPage(frame);
    }
  }
  memory.fill(first, 0, count << 2);
  put(gather + Gather.COUNT, 0);
}
