/**
 * Pages: references, map counts, the page cache of a file, and freeing.
 *
 * Reference: mm/hugetlb.c hugetlb_no_page, fs/hugetlbfs/inode.c remove_inode_hugepages [S: kernel.md 1.2].
 */

import { EventKind, Fault, Sometimes } from "../abi/events";
import { Boot } from "../abi/layout";
import { Reg } from "../abi/operands";
import { FileRecord, Frame, Kind, OWNER_FILE, OWNER_UNCOUNTED, Rest } from "../abi/records";
import { Task } from "../abi/tasks";
import { event, isNull, Missing, sometimes, violation } from "../ghost/report";
import { frameFreed } from "../ghost/rules";
import { allocate, giveBack, isBlank, liveEntries, Pool, poolOf, release } from "../hw/frames";
import { add, boot, fileAt, frameAt, get, kindOf, ownerOf, put, reg, regWord, restAt, setReg } from "../word";

/** Drops a reference; the last one frees the frame. */
export function putPage(frame: u32): void {
  if (isNull(frame, Missing.PAGE)) return;
  const record = frameAt(frame);
  if (get(record + Frame.REFERENCES) == 0) {
    violation(Fault.UNBALANCED, 0, 3);
    return;
  }
  add(record + Frame.REFERENCES, -1);
  if (get(record + Frame.REFERENCES) != 0) return;
  const table = kindOf(frame) == Kind.TABLE;
  const blank = table && isBlank(frame);
  // A page that is freed while something still maps it, or a table with live entries or sharers, was counted wrongly.
  if (
    get(record + Frame.MAPS) != 0 ||
    (table && ((!blank && liveEntries(frame) != 0) || get(restAt(frame) + Rest.SHARE) != 0))
  )
    violation(Fault.UNBALANCED, 0, table ? 5 : 4);
  frameFreed(frame);
  event(EventKind.FREED, 0, ownerOf(frame), 0, 0, frame, poolOf(frame));
  if (blank) giveBack(frame);
  else release(frame);
  sometimes(table ? Sometimes.TABLE_FREED : Sometimes.PAGE_FREED);
}

function cacheSlot(task: u32): u32 {
  return fileAt(regWord(task, Reg.FILE)) + FileRecord.WORDS + regWord(task, Reg.INDEX);
}

function newCachePage(file: u32): u32 {
  const pool: u32 = get(fileAt(file) + FileRecord.LEVEL) == 0 ? Pool.BASE : Pool.HUGE;
  const frame = allocate(pool, Kind.PAGE, OWNER_FILE + file);
  if (frame != 0) event(EventKind.ALLOCATED, 0, OWNER_FILE + file, 0, 0, frame, pool);
  return frame;
}

export function beyondSize(task: u32): bool {
  return reg(task, Reg.INDEX) >= get(fileAt(regWord(task, Reg.FILE)) + FileRecord.SIZE);
}

/** PAGE := page INDEX of FILE with one more reference; 7 (SIGBUS) beyond the end or without memory. */
export function findOrAlloc(task: u32): u32 {
  const file = regWord(task, Reg.FILE);
  if (beyondSize(task)) return 7;
  const slot = cacheSlot(task);
  if (get(slot) == 0) {
    const frame = newCachePage(file);
    if (frame == 0) return 7;
    put(slot, frame);
  }
  setReg(task, Reg.PAGE, get(slot));
  add(frameAt(get(slot)) + Frame.REFERENCES, 1);
  return 0;
}

/** The page cache of a file holds it. */
export function isFilePage(frame: u32): bool {
  const owner = ownerOf(frame);
  return owner >= OWNER_FILE && owner < OWNER_UNCOUNTED;
}

/** PAGE := page INDEX of FILE with one more reference, 0 when the cache has none (find_get_page). */
export function getCached(task: u32): void {
  const frame = reg(task, Reg.INDEX) < boot(Boot.FILE_PAGES) ? get(cacheSlot(task)) : 0;
  setReg(task, Reg.PAGE, frame);
  if (frame != 0) add(frameAt(frame) + Frame.REFERENCES, 1);
}

/** PAGE := page INDEX of a driver's memory, which takes no references; 7 (SIGBUS) beyond the end or without memory. */
export function devicePage(task: u32): u32 {
  if (beyondSize(task)) return 7;
  const slot = cacheSlot(task);
  if (get(slot) == 0) {
    const frame = allocate(Pool.BASE, Kind.PAGE, OWNER_UNCOUNTED + regWord(task, Reg.FILE));
    if (frame == 0) return 7;
    put(slot, frame);
  }
  setReg(task, Reg.PAGE, get(slot));
  return 0;
}

/** PAGE is still where INDEX of FILE says: its lock was waited for (page->mapping). */
export function stillCached(task: u32): bool {
  return get(cacheSlot(task)) == regWord(task, Reg.PAGE);
}

/** INDEX := next cached page below END; PAGE its frame, 0 when there is none. */
export function nextCached(task: u32): void {
  const end = reg(task, Reg.END);
  let index = reg(task, Reg.INDEX);
  const first = fileAt(regWord(task, Reg.FILE)) + FileRecord.WORDS;
  while (index < end) {
    const frame = get(first + <u32>index);
    if (frame != 0) {
      setReg(task, Reg.INDEX, index);
      setReg(task, Reg.PAGE, frame);
      return;
    }
    index++;
  }
  setReg(task, Reg.INDEX, end);
  setReg(task, Reg.PAGE, 0);
}

/** Takes page INDEX out of the cache and drops the cache's reference. An INDEX that no file can have is UNBALANCED. */
export function removeFromCache(task: u32): void {
  if (reg(task, Reg.INDEX) >= boot(Boot.FILE_PAGES)) {
    violation(Fault.UNBALANCED, 0, 12);
    return;
  }
  const slot = cacheSlot(task);
  const frame = get(slot);
  if (frame == 0) return;
  put(slot, 0);
  putPage(frame);
}

/** Migration: a new page with the old one's content takes its place in the cache. */
export function replaceInCache(task: u32): void {
  const slot = cacheSlot(task);
  const old = get(slot);
  const fresh = newCachePage(regWord(task, Reg.FILE));
  if (old == 0 || fresh == 0) return;
  put(restAt(fresh) + Rest.VALUE, get(restAt(old) + Rest.VALUE));
  put(slot, fresh);
  sometimes(Sometimes.MIGRATED);
  putPage(old);
}

export function allocAnon(task: u32): u32 {
  const mm = regWord(task, Reg.MM);
  const frame = allocate(Pool.BASE, Kind.PAGE, mm + 1);
  if (frame == 0) return 7;
  event(EventKind.ALLOCATED, 0, mm + 1, 0, 0, frame, Pool.BASE);
  setReg(task, Reg.PAGE, frame);
  return 0;
}

export function rmap(task: u32, change: i32): void {
  if (isNull(regWord(task, Reg.PAGE), Missing.PAGE)) return;
  const record = frameAt(regWord(task, Reg.PAGE));
  if (change < 0 && get(record + Frame.MAPS) == 0) violation(Fault.UNBALANCED, 0, 6);
  else add(record + Frame.MAPS, change);
}

export function setSignal(task: u32, signal: u32): void {
  put(task + Task.SIGNAL, signal);
  if (signal != 0)
    event(EventKind.FAULT, get(task + Task.CPU), get(task + Task.MM), reg(task, Reg.START), 0, 0, signal);
}
