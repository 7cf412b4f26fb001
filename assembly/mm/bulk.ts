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
import { Entry, Frame, Globals, Kind, Mm, Tally, USE_MASK, USE_SHIFT, Vma, VmaFlag } from "../abi/records";
import { Gather, GatherBit, Task } from "../abi/tasks";
import { sometimes } from "../ghost/report";
import { firstFrame, frameCount, Pool } from "../hw/frames";
import { entriesOf, indexOf, slotOf } from "../hw/tables";
import {
  add,
  boot,
  frameAt,
  frameBase,
  gatherOf,
  get,
  globalWord,
  mmAt,
  put,
  reg,
  regWord,
  setReg,
  tally,
  vmaAt,
} from "../word";
import { record } from "./gather";
import { putPage } from "./pages";
import { DELAYED as MAPPED, nextTable } from "./zap";

/** Bytes of a frame's record, as a shift. */
const RECORD_SHIFT: u32 = 4;
/** Task.RANKS: the lock of some page is held, and release() would break it. */
const PAGE_LOCK: u32 = 1 << 2;

/** Entries of [slot, slot + count) that were cleared; the first and the last of them. */
let cleared: u32 = 0;
let firstCleared: u32 = 0;
let lastCleared: u32 = 0;

/** Clears `count` entries of one table; what they mapped goes to `queue`, a word of the gather. */
export function clearEntries(slot: u32, count: u32, queue: u32): void {
  const end = (slot + count) << 2;
  const mapped = i32x4.splat(MAPPED);
  let at = slot << 2;
  while (at < end && load<u32>(at) == 0) at += 4;
  firstCleared = (at >> 2) - slot;
  let last = at;
  const first = queue << 2;
  let to = first;
  while (at < end) {
    if (at + 16 <= end) {
      const four = v128.load(at);
      if (i32x4.all_true(four)) {
        v128.store(at, i32x4.splat(0));
        v128.store(to, v128.or(i32x4.shr_u(four, Entry.SHIFT), mapped));
        last = at + 12;
        at += 16;
        to += 16;
        continue;
      }
    }
    const entry = load<u32>(at);
    if (entry != 0) {
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

/** Anonymous memory, whose pages are counted and have no dirty bit of their own. */
export function isAnonymous(task: u32): bool {
  const vma = regWord(task, Reg.VMA);
  if (vma == 0) return false;
  return get(vmaAt(vma - 1) + Vma.FILE) == 0 && (get(vmaAt(vma - 1) + Vma.FLAGS) & VmaFlag.PFNMAP) == 0;
}

/** zapPtes of anonymous memory, a table at a time. A chunk never has more entries than the batch has room for. */
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

/** Whether all queued frames are base pages whose map count has still to fall. */
function areMapped(first: u32, end: u32): bool {
  const from = MAPPED | firstFrame(Pool.BASE);
  const pages = frameCount(Pool.BASE);
  const froms = i32x4.splat(from);
  const counts = i32x4.splat(pages);
  let others = i32x4.splat(0);
  let at = first;
  while (at + 16 <= end) {
    others = v128.or(others, i32x4.ge_u(i32x4.sub(v128.load(at), froms), counts));
    at += 16;
  }
  let other: bool = v128.any_true(others);
  while (at < end) {
    other = other || load<u32>(at) - from >= pages;
    at += 4;
  }
  return !other;
}

/**
 * Whether all of the batch lose their last reference and their last mapping now: loads that do not wait for one
 * another, so that the records are near when they are written. Bit 31 of a queued word falls off in the shift.
 */
function arePlain(first: u32, end: u32): bool {
  const records = frameBase << 2;
  const plain = i32x4(Kind.PAGE << USE_SHIFT, 1, 1, 0);
  let others = i32x4.splat(0);
  let at = first;
  while (at < end) {
    others = v128.or(others, v128.xor(v128.load(records + (load<u32>(at) << RECORD_SHIFT)), plain));
    at += 4;
  }
  // Owner and generation may be any.
  return !v128.any_true(v128.and(others, i32x4(~USE_MASK, -1, -1, 0)));
}

/**
 * Frees a plain batch, whose end is marked by the top of the free list. The first of the batch is freed last: it is the
 * new top.
 */
function freePlain(first: u32, end: u32): void {
  const records = frameBase << 2;
  let at = first;
  while (at < end) {
    const record = records + (load<u32>(at) << RECORD_SHIFT);
    at += 4;
    // The next free frame and no references; no mappings (1 - 1) and one generation more.
    store<u64>(record, load<u32>(at) & ~MAPPED, Frame.USE << 2);
    store<u64>(record, load<u64>(record, Frame.MAPS << 2) + 0xffffffff, Frame.MAPS << 2);
  }
}

/** The whole batch, in the order that one page at a time has: the last queued goes first. */
export function freeInBulk(task: u32): void {
  const gather = gatherOf(task);
  const count = get(gather + Gather.COUNT);
  const first = (gather + Gather.WORDS) << 2;
  const end = first + (count << 2);
  const locked = (get(task + Task.RANKS) & PAGE_LOCK) != 0;
  if (count != 0 && boot(Boot.REUSE) == 0 && !locked && areMapped(first, end) && arePlain(first, end)) {
    const head = globalWord(Globals.FREE_BASE);
    if (get(head) == 0) put(globalWord(Globals.TAIL_BASE), load<u32>(end - 4) & ~MAPPED);
    // A gather has words to spare behind the batch.
    store<u32>(end, get(head));
    freePlain(first, end);
    put(head, load<u32>(first) & ~MAPPED);
    store<u32>(end, 0);
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
