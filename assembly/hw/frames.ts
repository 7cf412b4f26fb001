/**
 * Physical frames: who owns each, how often it has been freed, and which is handed out next.
 *
 * A huge page is one record of its own pool, not 512; physical contiguity is not modelled.
 *
 * Invariants
 *   F1  Frames 1..TABLE_FRAMES can be tables, then come base pages, then huge pages. Frame 0 is none.
 *   F2  GENERATION grows at every free and never shrinks, so (frame, generation) names one life of a frame.
 */
import { Boot } from "../abi/layout";
import { Entry, Frame, Globals, Rest, Tally, USE_SHIFT } from "../abi/records";
import {
  Access,
  add,
  boot,
  clearWords,
  concrete,
  frameAt,
  get,
  globalWord,
  note,
  put,
  restAt,
  tableAt,
  tableWords,
  tally,
} from "../word";
import { firstUsed } from "./tables";

export const enum Pool {
  TABLE,
  BASE,
  HUGE,
}

export function firstFrame(pool: u32): u32 {
  if (pool == Pool.TABLE) return 1;
  const base: u32 = 1 + boot(Boot.TABLE_FRAMES);
  return pool == Pool.BASE ? base : base + boot(Boot.BASE_FRAMES);
}

export function frameCount(pool: u32): u32 {
  return boot(Boot.TABLE_FRAMES + pool);
}

export function poolOf(frame: u32): u32 {
  if (frame >= firstFrame(Pool.HUGE)) return Pool.HUGE;
  return frame >= firstFrame(Pool.BASE) ? Pool.BASE : Pool.TABLE;
}

/** Puts every frame on its free list, lowest number first. */
export function resetFrames(): void {
  for (let pool: u32 = 0; pool < 3; pool++) {
    const first = firstFrame(pool);
    const count = frameCount(pool);
    for (let i: u32 = 0; i < count; i++) {
      put(frameAt(first + i) + Frame.USE, i + 1 < count ? first + i + 1 : 0);
    }
    put(globalWord(Globals.FREE_TABLE + pool), count > 0 ? first : 0);
    put(globalWord(Globals.TAIL_TABLE + pool), count > 0 ? first + count - 1 : 0);
  }
}

export function setUse(frame: u32, kind: u32, owner: u32): void {
  put(frameAt(frame) + Frame.USE, (kind << USE_SHIFT) | owner);
}

/** Takes a free frame: references 1, a table all empty. 0 when the pool is exhausted. */
export function allocate(pool: u32, kind: u32, owner: u32): u32 {
  const head = globalWord(Globals.FREE_TABLE + pool);
  const frame = get(head);
  if (frame == 0) return 0;
  const record = frameAt(frame);
  const next = get(record + Frame.USE);
  put(head, next);
  if (next == 0) put(globalWord(Globals.TAIL_TABLE + pool), 0);
  setUse(frame, kind, owner);
  put(record + Frame.REFERENCES, 1);
  put(record + Frame.MAPS, 0);
  const rest = restAt(frame);
  put(rest + Rest.VALUE, 0);
  put(rest + Rest.DIRTY, 0);
  put(rest + Rest.SAVED, 0);
  if (pool == Pool.TABLE) clearWords(tableAt(frame), tableWords);
  return frame;
}

/** Gives a frame back. What it held stays in memory until the next owner overwrites it. */
export function release(frame: u32): void {
  // Without concrete TLBs nothing reads a dead table: emptying it keeps equal states equal.
  if (poolOf(frame) == Pool.TABLE && !concrete) clearWords(tableAt(frame), tableWords);
  giveBack(frame);
}

/** The same of a frame that is no table, or a blank one. */
export function giveBack(frame: u32): void {
  const record = frameAt(frame);
  const pool = poolOf(frame);
  add(record + Frame.GENERATION, 1);
  put(record + Frame.REFERENCES, 0);
  put(record + Frame.MAPS, 0);
  put(restAt(frame) + Rest.LOCK, 0);
  put(restAt(frame) + Rest.SHARE, 0);
  add(tally(pool == Pool.TABLE ? Tally.TABLES_FREED : Tally.PAGES_FREED), 1);
  const policy = boot(Boot.REUSE);
  const head = globalWord(Globals.FREE_TABLE + pool);
  const tail = globalWord(Globals.TAIL_TABLE + pool);
  put(record + Frame.USE, policy == 0 ? get(head) : 0);
  if (policy == 0) {
    if (get(head) == 0) put(tail, frame);
    put(head, frame);
  } else if (policy == 1) {
    if (get(tail) == 0) put(head, frame);
    else put(frameAt(get(tail)) + Frame.USE, frame);
    put(tail, frame);
  }
}

/** All of a table is read, past get(). */
function noteTable(table: u32): void {
  if (isDefined(RECORDED)) for (let i: u32 = 0; i < tableWords; i++) note(table + i, Access.READ);
}

/** Whether a large table is all zero; small ones are not looked at. */
export function isBlank(frame: u32): bool {
  const end = tableAt(frame) + tableWords;
  return tableWords >= 16 && firstUsed(tableAt(frame), end) == end;
}

/** Entries of a table that are present. */
export function liveEntries(frame: u32): u32 {
  const table = tableAt(frame);
  noteTable(table);
  const present = i32x4.splat(Entry.PRESENT);
  let sums = i32x4.splat(0);
  let i: u32 = 0;
  while (i + 4 <= tableWords) {
    sums = i32x4.add(sums, v128.and(v128.load((table + i) << 2), present));
    i += 4;
  }
  let live: u32 =
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3);
  while (i < tableWords) live += get(table + i++) & Entry.PRESENT;
  return live;
}
