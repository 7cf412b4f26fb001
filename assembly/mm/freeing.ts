/**
 * Freeing batches of plain pages: one reference, one mapping, both of which end now. Everything else is left to others.
 *
 * A queued word is a frame with MAPPED: its map count has still to fall. The result is the one of freeing the last
 * queued page first: each page is followed in the free list by the one that was queued after it.
 *
 * Reference: mm/mmu_gather.c tlb_batch_pages_flush, in bulk only (bulk.ts, U1 to U3).
 */

import { Frame, Kind, USE_MASK, USE_SHIFT } from "../abi/records";
import { firstFrame, frameCount, Pool } from "../hw/frames";
import { frameBase } from "../word";
import { DELAYED as MAPPED } from "./zap";

/** Bytes of a frame's record, as a shift. */
const RECORD_SHIFT: u32 = 4;
// Vectors that loops compare with. The compiler would make a constant anew in each turn of a loop, a loaded one not.
export const vectors = memory.data(144, 16);

export const enum Vectors {
  /** A page with one reference and one mapping; what is asked of it: not its owner and generation. */
  PLAIN = 0,
  ASKED = 16,
  /** First base page, as it is queued; how many there are. */
  FIRST = 32,
  COUNT = 48,
  MAPPED = 64,
  /** What freeing adds to a record. */
  CHANGE = 80,
  /** Four neighbours; the next four. */
  NEIGHBOURS = 96,
  FOURS = 112,
  /** What the next four neighbours add to CHANGE. */
  STEP = 128,
}

export function makeVectors(): void {
  v128.store(vectors, i32x4(Kind.PAGE << USE_SHIFT, 1, 1, 0), Vectors.PLAIN);
  v128.store(vectors, i32x4(~USE_MASK, -1, -1, 0), Vectors.ASKED);
  v128.store(vectors, i32x4.splat(MAPPED | firstFrame(Pool.BASE)), Vectors.FIRST);
  v128.store(vectors, i32x4.splat(frameCount(Pool.BASE)), Vectors.COUNT);
  v128.store(vectors, i32x4.splat(MAPPED), Vectors.MAPPED);
  v128.store(vectors, i32x4(0, -1, -1, 1), Vectors.CHANGE);
  v128.store(vectors, i32x4(0, 1, 2, 3), Vectors.NEIGHBOURS);
  v128.store(vectors, i32x4.splat(4), Vectors.FOURS);
  v128.store(vectors, i32x4(4, 0, 0, 0), Vectors.STEP);
}

/**
 * As freeFours, for pages that follow one another in memory and have one owner, as pages that were touched in order
 * have: records need not be looked for, and the next free page is the neighbour.
 */
export function freeRun(first: u32, end: u32): u32 {
  const queued = load<u32>(first);
  const from = MAPPED | firstFrame(Pool.BASE);
  const pages = frameCount(Pool.BASE);
  if (queued - from >= pages) return first;
  const stop = min(end, first + ((from + pages - queued) << 2));
  let record = (frameBase << 2) + (queued << RECORD_SHIFT);
  const use = load<u32>(record, Frame.USE << 2);
  if (use >> USE_SHIFT != Kind.PAGE) return first;
  const plain = i32x4.replace_lane(v128.load(vectors, Vectors.PLAIN), 0, use);
  const asked = i32x4.replace_lane(v128.load(vectors, Vectors.ASKED), 0, -1);
  const fours = v128.load(vectors, Vectors.FOURS);
  const step = v128.load(vectors, Vectors.STEP);
  let expected = i32x4.add(i32x4.splat(queued), v128.load(vectors, Vectors.NEIGHBOURS));
  const change = v128.load(vectors, Vectors.CHANGE);
  const next = (queued & ~MAPPED) + 1 - use;
  let changeA = i32x4.replace_lane(change, 0, next);
  let changeB = i32x4.replace_lane(change, 0, next + 1);
  let changeC = i32x4.replace_lane(change, 0, next + 2);
  let changeD = i32x4.replace_lane(change, 0, next + 3);
  let at = first;
  while (at + 16 <= stop) {
    const inA = v128.load(record);
    const inB = v128.load(record, 16);
    const inC = v128.load(record, 32);
    const inD = v128.load(record, 48);
    const ab = v128.or(v128.xor(inA, plain), v128.xor(inB, plain));
    const cd = v128.or(v128.xor(inC, plain), v128.xor(inD, plain));
    const others = v128.and(v128.or(ab, cd), asked);
    if (v128.any_true(v128.or(others, v128.xor(v128.load(at), expected)))) break;
    v128.store(record, i32x4.add(inA, changeA));
    v128.store(record, i32x4.add(inB, changeB), 16);
    v128.store(record, i32x4.add(inC, changeC), 32);
    v128.store(record, i32x4.add(inD, changeD), 48);
    changeA = i32x4.add(changeA, step);
    changeB = i32x4.add(changeB, step);
    changeC = i32x4.add(changeC, step);
    changeD = i32x4.add(changeD, step);
    expected = i32x4.add(expected, fours);
    record += 64;
    at += 16;
  }
  if (at > first) store<u32>(record - 16, load<u32>(at) & ~MAPPED, Frame.USE << 2);
  return at;
}

/** A page is free: the next free one, no reference and no mapping (1 - 1), one generation more. */
function freed(record: v128, change: v128, next: u32): v128 {
  return i32x4.replace_lane(i32x4.add(record, change), 0, next & ~MAPPED);
}

/**
 * Frees queued base pages, four at a time, for as long as they lose their last reference and their last mapping; gives
 * where it has stopped. Each is followed in the free list by the one that was queued after it. Loads do not wait for
 * one another; bit 31 of a queued word falls off in the shift.
 */
export function freeFours(first: u32, end: u32): u32 {
  const records = frameBase << 2;
  const plain = v128.load(vectors, Vectors.PLAIN);
  const asked = v128.load(vectors, Vectors.ASKED);
  const firsts = v128.load(vectors, Vectors.FIRST);
  const counts = v128.load(vectors, Vectors.COUNT);
  const change = v128.load(vectors, Vectors.CHANGE);
  let at = first;
  while (at + 16 <= end) {
    const second = load<u32>(at, 4);
    const third = load<u32>(at, 8);
    const fourth = load<u32>(at, 12);
    const a = records + (load<u32>(at) << RECORD_SHIFT);
    const b = records + (second << RECORD_SHIFT);
    const c = records + (third << RECORD_SHIFT);
    const d = records + (fourth << RECORD_SHIFT);
    const inA = v128.load(a);
    const inB = v128.load(b);
    const inC = v128.load(c);
    const inD = v128.load(d);
    const ab = v128.or(v128.xor(inA, plain), v128.xor(inB, plain));
    const cd = v128.or(v128.xor(inC, plain), v128.xor(inD, plain));
    const outside = i32x4.ge_u(i32x4.sub(v128.load(at), firsts), counts);
    if (v128.any_true(v128.or(outside, v128.and(v128.or(ab, cd), asked)))) break;
    v128.store(a, freed(inA, change, second));
    v128.store(b, freed(inB, change, third));
    v128.store(c, freed(inC, change, fourth));
    v128.store(d, freed(inD, change, load<u32>(at, 16)));
    at += 16;
  }
  return at;
}

/** Queued pages that are freed as they come before neighbours are looked for again. */
const STRETCH: u32 = 64;

/** Frees plain pages from the front of the batch for as long as there are any; gives where it has stopped. */
export function freePlain(first: u32, end: u32): u32 {
  let at = first;
  while (at < end) {
    const run = freeRun(at, end);
    const fours = freeFours(run, min(end, run + (STRETCH << 2)));
    if (fours == at) break;
    at = fours;
  }
  return at;
}
