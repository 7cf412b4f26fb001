/**
 * One level of TLBs of one CPU: sets of 32-bit keys, several vectors wide, for every class of page that it serves.
 *
 * Classes that share a structure have the same base and mask; each indexes with its own page number. All sets of a
 * level have the same number of vectors, so that one loop serves them; what differs by class is in the class's row
 * table.
 *
 * A set in memory
 *   vectors x 16 bytes   keys: in recency order (LRU), in order of filling (FIFO), by way (PLRU, random); -1 is empty
 *   u32                  epoch: a set of another epoch is empty, which makes a full flush one addition
 *   u32 pad, u64         tree bits (PLRU)
 * A level of at most FLAT_BYTES whose sets fit one vector has no epochs: emptying it is a few stores.
 *
 * Row tables (LRU, FIFO)
 *   Which lanes move one place back and take the new key in front, by the position of the hit, and for a miss. A hit at
 *   p moves lanes 0..p for LRU and none for FIFO; a miss moves the lanes of all ways. So both policies, all numbers of
 *   ways and hits and misses run the same instructions.
 */
import { Policy } from "../abi/replay";
import { allocate } from "./memory";

export const enum Level {
  POLICY = 0,
  VECTORS = 4,
  STRIDE = 8,
  EPOCH = 12,
  RANDOM = 16,
  FLAT = 20,
  BASE = 24,
  BYTES = 28,
  CLASSES = 32,
  END = 192,
}

/** Of each class. */
export const enum Place {
  BASE = 0,
  MASK = 4,
  ROWS = 8,
  WAYS = 12,
  /** Of a mixed simulation, which counts by class. */
  MISSES = 16,
  END = 24,
}

export const CLASSES: u32 = 6;
const FLAT_BYTES: u32 = 2048;
const EMPTY: u32 = 0xffffffff;
const SEED: u32 = 2463534242;

export function placeOf(level: usize, cls: u32): usize {
  return level + Level.CLASSES + <usize>cls * Place.END;
}

/** Sets and ways that the host asked for: by class, 0 sets for "shares with the next smaller size". */
export function makeLevel(sets: usize, ways: usize, policy: u32): usize {
  const level = allocate(Level.END);
  let waysMax: u32 = 1;
  let setCount: u32 = 0;
  for (let c: usize = 0; c < CLASSES; c++) {
    if (load<u32>(ways + (c << 2)) > waysMax) waysMax = load<u32>(ways + (c << 2));
    setCount += load<u32>(sets + (c << 2));
  }
  let vectors = (waysMax + 3) >>> 2;
  const isOrdered = policy == Policy.LRU || policy == Policy.FIFO;
  const isFlat = vectors == 1 && setCount << 4 <= FLAT_BYTES && isOrdered;
  if (vectors == 1 && !isFlat) vectors = 2;
  const stride = isFlat ? 16 : (vectors << 4) + 16;
  store<u32>(level, policy, Level.POLICY);
  store<u32>(level, vectors, Level.VECTORS);
  store<u32>(level, stride, Level.STRIDE);
  store<u32>(level, 1, Level.EPOCH);
  store<u32>(level, SEED, Level.RANDOM);
  store<u32>(level, isFlat ? 1 : 0, Level.FLAT);
  store<u32>(level, setCount * stride, Level.BYTES);
  const base = allocate(<usize>(setCount * stride));
  store<u32>(level, <u32>base, Level.BASE);
  memory.fill(base, 0, <usize>(setCount * stride));
  if (isFlat) memory.fill(base, 255, <usize>(setCount * stride));
  let next = base;
  for (let c: u32 = 0; c < CLASSES; c++) {
    const place = placeOf(level, c);
    const own = load<u32>(sets + ((<usize>c) << 2));
    if (own == 0) {
      memory.copy(place, place - Place.END, Place.END);
      continue;
    }
    store<u32>(place, <u32>next, Place.BASE);
    store<u32>(place, own - 1, Place.MASK);
    store<u32>(place, load<u32>(ways + ((<usize>c) << 2)), Place.WAYS);
    if (vectors <= 4) store<u32>(place, <u32>rowsFor(vectors, load<u32>(place, Place.WAYS), policy), Place.ROWS);
    next += <usize>(own * stride);
  }
  return level;
}

/** The row table of a class. One vector: by the bits of the comparison; else by the position, a miss last. */
function rowsFor(vectors: u32, ways: u32, policy: u32): usize {
  const lanes = vectors << 2;
  const count: u32 = vectors == 1 ? 16 : lanes + 1;
  const rows = allocate((<usize>(count * lanes)) << 2);
  for (let r: u32 = 0; r < count; r++) {
    const isMiss = vectors == 1 ? r == 0 : r == lanes;
    const position: u32 = vectors == 1 ? ctz(r) : r;
    const moved: u32 = isMiss ? ways : policy == Policy.FIFO ? 0 : position + 1;
    for (let lane: u32 = 0; lane < lanes; lane++) {
      store<u32>(rows + ((<usize>(r * lanes + lane)) << 2), lane < moved ? EMPTY : 0);
    }
  }
  return rows;
}

/** Empties the level, in constant time. */
export function flushLevel(level: usize): void {
  if (load<u32>(level, Level.FLAT) != 0) {
    memory.fill(<usize>load<u32>(level, Level.BASE), 255, <usize>load<u32>(level, Level.BYTES));
    return;
  }
  const epoch = load<u32>(level, Level.EPOCH) + 1;
  store<u32>(level, epoch, Level.EPOCH);
  // After 2^32 flushes the numbers begin again: no set may still have one of them.
  if (epoch == 0) {
    memory.fill(<usize>load<u32>(level, Level.BASE), 0, <usize>load<u32>(level, Level.BYTES));
    store<u32>(level, 1, Level.EPOCH);
  }
}

/** Takes a set out of an old epoch: empties it. */
export function renewSet(set: usize, vectors: u32, epoch: u32): void {
  const tail = set + ((<usize>vectors) << 4);
  memory.fill(set, 255, (<usize>vectors) << 4);
  store<u32>(tail, epoch);
  store<u64>(tail, 0, 8);
}

/** Removes lane `lane` of a set: an ordered one closes the gap, so that empty ways stay behind the others. */
function removeLane(level: usize, set: usize, lane: u32): void {
  const lanes = load<u32>(level, Level.VECTORS) << 2;
  if (load<u32>(level, Level.POLICY) < <u32>Policy.PLRU) {
    while (lane + 1 < lanes) {
      store<u32>(set + ((<usize>lane) << 2), load<u32>(set + ((<usize>lane) << 2), 4));
      lane++;
    }
  }
  store<u32>(set + ((<usize>lane) << 2), EMPTY);
}

/** Removes one key of a class, whose set index comes from `index`. Gives how many entries went: 0 or 1. */
export function removeKey(level: usize, cls: u32, key: u32, index: u32): u32 {
  const place = placeOf(level, cls);
  const set = <usize>(
    (load<u32>(place, Place.BASE) + (index & load<u32>(place, Place.MASK)) * load<u32>(level, Level.STRIDE))
  );
  const vectors = load<u32>(level, Level.VECTORS);
  if (load<u32>(level, Level.FLAT) == 0) {
    if (load<u32>(set + ((<usize>vectors) << 4)) != load<u32>(level, Level.EPOCH)) return 0;
  }
  const wanted = i32x4.splat(<i32>key);
  for (let v: u32 = 0; v < vectors; v++) {
    const found = i32x4.bitmask(i32x4.eq(v128.load(set + ((<usize>v) << 4)), wanted));
    if (found != 0) {
      removeLane(level, set, (v << 2) + ctz(<u32>found));
      return 1;
    }
  }
  return 0;
}

/** Removes every key for which `judge` says so. Gives how many went. */
export function removeAll(level: usize, judge: (key: u32) => bool): u32 {
  const vectors = load<u32>(level, Level.VECTORS);
  const stride = <usize>load<u32>(level, Level.STRIDE);
  const base = <usize>load<u32>(level, Level.BASE);
  const end = base + <usize>load<u32>(level, Level.BYTES);
  const isFlat = load<u32>(level, Level.FLAT) != 0;
  let removed: u32 = 0;
  for (let set = base; set < end; set += stride) {
    if (!isFlat && load<u32>(set + ((<usize>vectors) << 4)) != load<u32>(level, Level.EPOCH)) continue;
    let lane: u32 = 0;
    while (lane < vectors << 2) {
      const at = set + ((<usize>lane) << 2);
      const key = load<u32>(at);
      if (key == EMPTY || !judge(key)) lane++;
      else {
        removeLane(level, set, lane);
        removed++;
      }
    }
  }
  return removed;
}
