/**
 * Paging-structure caches: upper levels of the tables that a walk has read, so that the next walk begins lower down.
 *
 * One cache per level above the last. A set holds its tags and, behind them, the tables that the entries point to, both
 * in recency order (true LRU). Looked at only on a miss of the last TLB level, deepest first; only the cache that hits
 * moves its recency; every entry that a walk reads from memory and that is not a leaf goes in. Any invalidation empties
 * all of them, as INVLPG does.
 * Reference: Intel SDM vol. 3A, 4.10.3.
 */
import { allocate } from "./memory";

export const enum Psc {
  SETS_MASK = 0,
  WAYS = 4,
  BASE = 8,
  BYTES = 12,
  END = 16,
}

/** Tags are page numbers of the level's span plus nothing: -1 is empty. */
const EMPTY: u32 = 0xffffffff;

export function makePsc(at: usize, sets: u32, ways: u32): void {
  const bytes = (sets * ways) << 3;
  store<u32>(at, sets - 1, Psc.SETS_MASK);
  store<u32>(at, ways, Psc.WAYS);
  store<u32>(at, <u32>allocate(bytes), Psc.BASE);
  store<u32>(at, bytes, Psc.BYTES);
  flushPsc(at);
}

/** A few hundred bytes at most. */
export function flushPsc(at: usize): void {
  memory.fill(<usize>load<u32>(at, Psc.BASE), 255, load<u32>(at, Psc.BYTES));
}

/** The table that an entry points to, or 0. Moves a hit to the front. */
export function findPsc(at: usize, tag: u32): usize {
  const ways = <usize>load<u32>(at, Psc.WAYS);
  const set = <usize>load<u32>(at, Psc.BASE) + ((<usize>(tag & load<u32>(at, Psc.SETS_MASK)) * ways) << 3);
  for (let way: usize = 0; way < ways; way++) {
    if (load<u32>(set + (way << 2)) == tag) {
      if (way == 0) return <usize>load<u32>(set + (ways << 2));
      const table = load<u32>(set + ((ways + way) << 2));
      push(set, ways, way, tag, table);
      return <usize>table;
    }
  }
  return 0;
}

export function fillPsc(at: usize, tag: u32, table: usize): void {
  const ways = <usize>load<u32>(at, Psc.WAYS);
  if (ways == 0) return;
  const set = <usize>load<u32>(at, Psc.BASE) + ((<usize>(tag & load<u32>(at, Psc.SETS_MASK)) * ways) << 3);
  push(set, ways, ways - 1, tag, <u32>table);
}

/** Moves what lies before `way` back by one and puts the entry in front. */
function push(set: usize, ways: usize, way: usize, tag: u32, table: u32): void {
  const tables = set + (ways << 2);
  while (way > 0) {
    store<u32>(set + (way << 2), load<u32>(set + ((way - 1) << 2)));
    store<u32>(tables + (way << 2), load<u32>(tables + ((way - 1) << 2)));
    way--;
  }
  store<u32>(set, tag);
  store<u32>(tables, table);
}

export const PSC_EMPTY: u32 = EMPTY;
