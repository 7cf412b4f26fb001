/**
 * Per-CPU TLBs and paging-structure caches: the hardware's private copies of what it has walked.
 *
 * Protocol
 *   A CPU fills its own TLB on a walk and drops entries only when told to, by its own invalidation, by a shootdown that
 *   it has taken, or to make room. Clearing a page-table entry in memory does nothing here.
 *   L1 is split by page size, L2 is unified; each set is kept in order of recency, most recent first (true LRU).
 *   The cache of level n holds entries that point to a table of level n - 1, fully associative, also LRU.
 *
 * Invariants
 *   T1  An entry is written only by the CPU that owns it.
 *   T2  GENERATION is copied from the frame at fill time and never updated, so a difference from the frame's own says
 *       "this translation outlived its frame".
 *
 * Knows nothing of Linux. Reference: Intel SDM vol. 3A, "Caching Translation Information".
 */
import { Base, Boot } from "../abi/layout";
import { Frame } from "../abi/records";
import { base, boot, copyWords, frameAt, get, getLong, levels, put, putLong } from "../word";
import { alignDown, LEVELS_MAX, shiftOf } from "./tables";

/** One cached translation. TAG 0 is empty; else 1 | level << 1 | tag of the address space << 4. */
export const enum Cached {
  TAG,
  START,
  FRAME = 3,
  FLAGS,
  GENERATION,
  WORDS,
}

/** Structures of one CPU, in order: L1 base, L1 huge, L1 giant, L2, then walk caches of levels 1, 2, 3. */
const L2: u32 = 3;
const WALK: u32 = 3;

export function tagOf(space: u32, level: u32): u32 {
  return 1 | (level << 1) | (space << 4);
}

export function spaceOf(tag: u32): u32 {
  return tag >> 4;
}

function setsOf(part: u32): u32 {
  return part <= L2 ? boot(Boot.L1_SETS + (part << 1)) : 1;
}

function waysOf(part: u32): u32 {
  return part <= L2 ? boot(Boot.L1_WAYS + (part << 1)) : boot(Boot.WALK_CACHE);
}

function partStart(cpu: u32, part: u32): u32 {
  let start = base(Base.TLB) + cpu * base(Base.TLB_WORDS);
  for (let p: u32 = 0; p < part; p++) start += setsOf(p) * waysOf(p) * Cached.WORDS;
  return start;
}

/** Words of one CPU's TLBs and walk caches. */
export function tlbWordsPerCpu(): u32 {
  let words: u32 = 0;
  for (let p: u32 = 0; p < L2 + LEVELS_MAX; p++) words += setsOf(p) * waysOf(p) * Cached.WORDS;
  return words;
}

function setStart(cpu: u32, part: u32, start: u64, level: u32): u32 {
  const sets = setsOf(part);
  const index = part <= L2 ? <u32>(start >> <u64>shiftOf(level)) % sets : 0;
  return partStart(cpu, part) + index * waysOf(part) * Cached.WORDS;
}

/** Looks a start address up in one set; a hit moves to the front. Gives the entry or 0. */
function find(cpu: u32, part: u32, tag: u32, start: u64, level: u32): u32 {
  const first = setStart(cpu, part, start, level);
  const ways = waysOf(part);
  for (let way: u32 = 0; way < ways; way++) {
    const entry = first + way * Cached.WORDS;
    if (get(entry) == tag && getLong(entry + Cached.START) == start) {
      toFront(first, way);
      return first;
    }
  }
  return 0;
}

function toFront(first: u32, way: u32): void {
  if (way == 0) return;
  const tag = get(first + way * Cached.WORDS);
  const start = getLong(first + way * Cached.WORDS + Cached.START);
  const frame = get(first + way * Cached.WORDS + Cached.FRAME);
  const flags = get(first + way * Cached.WORDS + Cached.FLAGS);
  const generation = get(first + way * Cached.WORDS + Cached.GENERATION);
  copyWords(first + Cached.WORDS, first, way * Cached.WORDS);
  write(first, tag, start, frame, flags, generation);
}

function write(entry: u32, tag: u32, start: u64, frame: u32, flags: u32, generation: u32): void {
  put(entry, tag);
  putLong(entry + Cached.START, start);
  put(entry + Cached.FRAME, frame);
  put(entry + Cached.FLAGS, flags);
  put(entry + Cached.GENERATION, generation);
}

function insert(cpu: u32, part: u32, tag: u32, start: u64, level: u32, frame: u32, flags: u32, generation: u32): void {
  const ways = waysOf(part);
  if (ways == 0 || setsOf(part) == 0) return;
  const found = find(cpu, part, tag, start, level);
  const first = setStart(cpu, part, start, level);
  if (found == 0) copyWords(first + Cached.WORDS, first, (ways - 1) * Cached.WORDS);
  write(first, tag, start, frame, flags, generation);
}

/** The cached translation of `vpn`, or 0. A hit in L2 is copied to L1. */
export function lookUp(cpu: u32, space: u32, vpn: u64): u32 {
  for (let level: u32 = 0; level < 3 && level < levels; level++) {
    const hit = find(cpu, level, tagOf(space, level), alignDown(vpn, level), level);
    if (hit != 0) return hit;
  }
  for (let level: u32 = 0; level < 3 && level < levels; level++) {
    const hit = find(cpu, L2, tagOf(space, level), alignDown(vpn, level), level);
    if (hit == 0) continue;
    const frame = get(hit + Cached.FRAME);
    const start = getLong(hit + Cached.START);
    insert(cpu, level, get(hit), start, level, frame, get(hit + Cached.FLAGS), get(hit + Cached.GENERATION));
    return hit;
  }
  return 0;
}

export function fill(cpu: u32, space: u32, vpn: u64, level: u32, frame: u32, flags: u32): void {
  const tag = tagOf(space, level);
  const start = alignDown(vpn, level);
  const generation = get(frameAt(frame) + Frame.GENERATION);
  insert(cpu, level, tag, start, level, frame, flags, generation);
  insert(cpu, L2, tag, start, level, frame, flags, generation);
}

/** The paging-structure cache entry of `level` (1 and up) on the path to `vpn`, or 0. */
export function lookUpWalk(cpu: u32, space: u32, vpn: u64, level: u32): u32 {
  return find(cpu, WALK + level, tagOf(space, level), alignDown(vpn, level), level);
}

export function fillWalk(cpu: u32, space: u32, vpn: u64, level: u32, table: u32): void {
  const generation = get(frameAt(table) + Frame.GENERATION);
  insert(cpu, WALK + level, tagOf(space, level), alignDown(vpn, level), level, table, 0, generation);
}

/** First word and number of entries of the leaf structures, then of the walk caches: for whole-cache passes. */
export function leafEntries(cpu: u32): u32 {
  return partStart(cpu, 0);
}

export function walkEntries(cpu: u32): u32 {
  return partStart(cpu, L2 + 1);
}

export function endEntries(cpu: u32): u32 {
  return partStart(cpu, L2 + LEVELS_MAX);
}
