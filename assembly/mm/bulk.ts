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
 *   U3  Of a page (not a table) SHARE is 0 always, and LOCK while no task holds a page lock: so a plain page's Rest is
 *       as release() would leave it, and is not touched.
 */

import { Sometimes } from "../abi/events";
import { Boot } from "../abi/layout";
import { Reg } from "../abi/operands";
import { Entry, Frame, Globals, Mm, Tally, Vma, VmaFlag } from "../abi/records";
import { Gather, GatherBit, Task } from "../abi/tasks";
import { sometimes } from "../ghost/report";
import { entriesOf, firstUsed, indexOf, slotOf } from "../hw/tables";
import { add, boot, frameAt, gatherOf, get, globalWord, mmAt, put, reg, regWord, setReg, tally, vmaAt } from "../word";
import { freePlain, makeVectors, Vectors, vectors } from "./freeing";
import { record } from "./gather";
import { putPage } from "./pages";
import { DELAYED as MAPPED, nextTable } from "./zap";

/** Task.RANKS: the lock of some page is held, and release() would break it. */
const PAGE_LOCK: u32 = 1 << 2;

/** Entries of [slot, slot + count) that were cleared; the first and the last of them. */
let cleared: u32 = 0;
let firstCleared: u32 = 0;
let lastCleared: u32 = 0;

/** Clears `count` entries of one table; what they mapped goes to `queue`, a word of the gather. */
export function clearEntries(slot: u32, count: u32, queue: u32): void {
  const end = (slot + count) << 2;
  const mapped = v128.load(vectors, Vectors.MAPPED);
  let at = firstUsed(slot, slot + count) << 2;
  firstCleared = (at >> 2) - slot;
  let last = at;
  const first = queue << 2;
  let to = first;
  while (at < end) {
    while (at + 32 <= end) {
      const four = v128.load(at);
      const more = v128.load(at, 16);
      if (!i32x4.all_true(i32x4.min_u(four, more))) break;
      v128.store(at, i32x4.splat(0));
      v128.store(at, i32x4.splat(0), 16);
      v128.store(to, v128.or(i32x4.shr_u(four, Entry.SHIFT), mapped));
      v128.store(to, v128.or(i32x4.shr_u(more, Entry.SHIFT), mapped), 16);
      at += 32;
      to += 32;
      last = at - 4;
    }
    at = firstUsed(at >> 2, end >> 2) << 2;
    const stop = min(at + 32, end);
    while (at < stop) {
      const entry = load<u32>(at);
      if (entry != 0) {
        store<u32>(at, 0);
        store<u32>(to, MAPPED | (entry >> Entry.SHIFT));
        to += 4;
        last = at;
      }
      at += 4;
    }
  }
  cleared = (to - first) >> 2;
  lastCleared = (last >> 2) - slot;
}

/** Anonymous memory, whose pages are counted and have no dirty bit of their own. */
export function isAnonymous(task: u32): bool {
  const vma = regWord(task, Reg.VMA);
  if (vma == 0) return false;
  return get(vmaAt(vma - 1) + Vma.FILE) == 0 && (get(vmaAt(vma - 1) + Vma.FLAGS) & VmaFlag.PFNMAP) == 0;
}

/** zapPtes of anonymous memory, a table at a time. Never more entries than the batch has room for. */
export function zapInBulk(task: u32): bool {
  const pgd = get(mmAt(regWord(task, Reg.MM)) + Mm.PGD);
  const gather = gatherOf(task);
  const end = reg(task, Reg.LAST);
  const batch = boot(Boot.BATCH);
  let at = reg(task, Reg.ADDRESS);
  let queued = get(gather + Gather.COUNT);
  makeVectors();
  while (at < end && queued < batch) {
    const slot = slotOf(pgd, at, 0);
    if (slot == 0) {
      at = nextTable(pgd, at);
      continue;
    }
    const chunk = min(batch - queued, entriesOf(0) - indexOf(at, 0));
    const count = <u32>min<u64>(chunk, end - at);
    clearEntries(slot, count, gather + Gather.WORDS + queued);
    if (cleared != 0) {
      record(gather, at + firstCleared, 1, GatherBit.CLEARED_0);
      record(gather, at + lastCleared, 1, GatherBit.CLEARED_0);
    }
    queued += cleared;
    at += count;
  }
  put(gather + Gather.COUNT, queued);
  setReg(task, Reg.ADDRESS, at < end ? at : end);
  return queued >= batch;
}

/** Frees the queued frames of [first, end) one by one, the last first. */
function freeEach(first: u32, end: u32): void {
  let at = end;
  while (at > first) {
    at -= 4;
    const queued = load<u32>(at);
    const frame = queued & ~MAPPED;
    const maps = frameAt(frame) + Frame.MAPS;
    if (queued != frame && get(maps) != 0) add(maps, -1);
    putPage(frame);
  }
}

/** The whole batch. It ends as if the last queued went first, one at a time: the first is on top of the free list. */
export function freeInBulk(task: u32): void {
  const gather = gatherOf(task);
  const count = get(gather + Gather.COUNT);
  const first = (gather + Gather.WORDS) << 2;
  const end = first + (count << 2);
  makeVectors();
  const isPlainList = boot(Boot.REUSE) == 0 && (get(task + Task.RANKS) & PAGE_LOCK) == 0;
  const rest = isPlainList ? freePlain(first, end) : first;
  freeEach(rest, end);
  if (rest > first) {
    const head = globalWord(Globals.FREE_BASE);
    const last = load<u32>(rest - 4) & ~MAPPED;
    if (get(head) == 0) put(globalWord(Globals.TAIL_BASE), last);
    put(frameAt(last) + Frame.USE, get(head));
    put(head, load<u32>(first) & ~MAPPED);
    add(tally(Tally.PAGES_FREED), (rest - first) >> 2);
    sometimes(Sometimes.PAGE_FREED);
  }
  memory.fill(first, 0, count << 2);
  put(gather + Gather.COUNT, 0);
}
