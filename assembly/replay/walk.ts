/**
 * The page walk, for batches of references that missed the last TLB level.
 *
 * The common case, base pages and a PDE cache of four ways, runs without a branch that is hard to predict: the cache's
 * tags and tables are two vectors moved by one permutation, and the last-level entries are loaded in a second loop
 * whose loads do not wait for each other. wasm has no prefetch; the second loop is the prefetch.
 *
 * Walk loads counted are those of a machine whose tables exist: a page without an entry gets one, and that is not a
 * load.
 */
import { Count } from "../abi/replay";
import { allocate } from "./memory";
import { fillPsc, findPsc, Psc } from "./psc";
import { pageOf, regionRoot, regionTop, sizes } from "./spaces";
import { entryAt, levels, mapLeaf, tableIn } from "./tables";

/** Addresses of last-level entries of one batch. */
const entries: usize = allocate(1 << 16);
/** Keys of a batch are at most this many: entries must hold them. */
export const WALKS_MAX: usize = (1 << 16) >> 2;

/** Byte shuffles that move lanes 0..p back and lane p to the front, by the bits of the comparison (16: a miss). */
const turns: usize = makeTurns();

function makeTurns(): usize {
  const rows = allocate(256);
  for (let bits: u32 = 0; bits < 16; bits++) {
    const position: u32 = bits != 0 ? ctz(bits) : 3;
    for (let lane: u32 = 0; lane < 4; lane++) {
      const from = lane == 0 ? position : lane <= position ? lane - 1 : lane;
      store<u32>(rows + ((<usize>(bits * 4 + lane)) << 2), from * 0x04040404 + 0x03020100);
    }
  }
  return rows;
}

function count(counts: usize, which: usize, amount: u64): void {
  const at = counts + (which << 3);
  store<u64>(at, load<u64>(at) + amount);
}

/** Walks for keys of one size, [k, end); `pscs` are the CPU's caches. */
export function walkAll(pscs: usize, counts: usize, size: u32, k: usize, end: usize): void {
  if (k == end) return;
  const amount = <u64>((end - k) >>> 2);
  count(counts, <usize>Count.WALKS + <usize>size, amount);
  const pde = pscs;
  if (size == 0 && load<u32>(pde, Psc.WAYS) == 4) {
    walkFast(pscs, counts, k, end);
    count(counts, Count.WALK_LOADS, amount);
    return;
  }
  if (size == 0 && levels == 4 && isWithout(pscs)) {
    walkUncached(k, end);
    count(counts, Count.WALK_LOADS, 4 * amount);
    return;
  }
  let loads: u64 = 0;
  while (k < end) {
    loads += <u64>walk(pscs, load<u32>(k) << (9 * size), size);
    k += 4;
  }
  count(counts, Count.WALK_LOADS, loads);
}

/** Whether the machine has no paging-structure caches. */
function isWithout(pscs: usize): bool {
  for (let level: u32 = 1; level < 4; level++) {
    if (load<u32>(pscAt(pscs, level), Psc.WAYS) != 0) return false;
  }
  return true;
}

/**
 * Four dependent loads each; walks do not depend on each other, so the processor overlaps them. An entry that is not
 * there leads to address 0, where a page of zeros (memoryBase in asconfig.replay.json) plays a table without entries.
 */
function walkUncached(k: usize, end: usize): void {
  while (k < end) {
    const key = load<u32>(k);
    const region = (<usize>key >>> 20) << 3;
    const third = <usize>load<u32>(<usize>load<u32>(regionTop + region)) & ~4095;
    const upperIndex = <usize>load<u32>(regionTop + region, 4) + ((<usize>key >>> 15) & 0x18);
    const second = <usize>load<u32>(third + upperIndex) & ~4095;
    const last = <usize>load<u32>(second + ((<usize>key >>> 6) & 0xff8)) & ~4095;
    if (load<u32>(last + ((<usize>key & 511) << 3)) == 0) build(key);
    k += 4;
  }
}

/** Makes what a walk without caches did not find. */
function build(key: u32): void {
  const page = pageOf(key);
  let table = <usize>load<u32>(regionRoot + ((<usize>key >>> 20) << 2));
  for (let level = levels - 1; level > 0; level--) table = tableIn(entryAt(table, page, level));
  mapLeaf(entryAt(table, page, 0), 0);
}

/** Walks for keys of mixed sizes. */
export function walkMixed(pscs: usize, counts: usize, k: usize, end: usize): void {
  let loads: u64 = 0;
  while (k < end) {
    const key = load<u32>(k);
    const size = <u32>load<u8>(sizes + (<usize>key >>> 9));
    count(counts, <usize>Count.WALKS + <usize>size, 1);
    loads += <u64>walk(pscs, key, size);
    k += 4;
  }
  count(counts, Count.WALK_LOADS, loads);
}

function walkFast(pscs: usize, counts: usize, k: usize, end: usize): void {
  const base = <usize>load<u32>(pscs, Psc.BASE);
  const mask = load<u32>(pscs, Psc.SETS_MASK);
  const slack = entries - k;
  const second = pscAt(pscs, 2);
  const isFast = levels == 4 && load<u32>(second, Psc.WAYS) == 4 && load<u32>(second, Psc.SETS_MASK) == 0;
  upperLoads = 0;
  for (let at = k; at < end; at += 4) {
    const key = load<u32>(at);
    const tag = key >>> 9;
    const set = base + ((<usize>(tag & mask)) << 5);
    const tags = v128.load(set);
    const wanted = i32x4.splat(tag);
    const hit = <usize>i32x4.bitmask(i32x4.eq(tags, wanted));
    const turn = v128.load(turns + (hit << 4));
    let tables = i8x16.swizzle(v128.load(set, 16), turn);
    v128.store(set, i32x4.replace_lane(i8x16.swizzle(tags, turn), 0, tag));
    if (hit == 0) {
      const table = isFast ? upperFast(pscs, key) : upper(pscs, counts, key);
      tables = i32x4.replace_lane(tables, 0, <i32>table);
    }
    v128.store(set, tables, 16);
    store<u32>(at + slack, i32x4.extract_lane(tables, 0) + ((key & 511) << 3));
  }
  const last = entries + (end - k);
  for (let at = entries; at < last; at += 4) {
    const entry = <usize>load<u32>(at);
    if (load<u32>(entry) == 0) mapLeaf(entry, 0);
  }
  count(counts, Count.WALK_LOADS, upperLoads);
}

/** The last-level table of a key, from the caches above the PDE cache or from memory. */
function upper(pscs: usize, counts: usize, key: u32): usize {
  const page = pageOf(key);
  let level: u32 = levels;
  const table = deepest(pscs, key, page, 1, level);
  level = found;
  let next = table;
  let loads: u64 = 0;
  while (level > 0) {
    next = tableIn(entryAt(next, page, level));
    loads++;
    if (level > 1) fillPsc(pscAt(pscs, level), tagOf(key, page, level), next);
    level--;
  }
  count(counts, Count.WALK_LOADS, loads);
  return next;
}

/**
 * The same for four levels and a PDPTE cache of one set with four ways, by vectors. The loads that it made are added to
 * `upperLoads`.
 */
function upperFast(pscs: usize, key: u32): usize {
  const set = <usize>load<u32>(pscs, Psc.END + Psc.BASE);
  const tag = key >>> 18;
  const index = (<usize>key >>> 6) & 0xff8;
  upperLoads++;
  if (load<u32>(set) == tag) return tableIn(<usize>load<u32>(set, 16) + index);
  const tags = v128.load(set);
  const hit = <usize>i32x4.bitmask(i32x4.eq(tags, i32x4.splat(tag)));
  const turn = v128.load(turns + (hit << 4));
  let tables = i8x16.swizzle(v128.load(set, 16), turn);
  v128.store(set, i32x4.replace_lane(i8x16.swizzle(tags, turn), 0, tag));
  if (hit == 0) {
    const region = (<usize>key >>> 20) << 3;
    const top = <usize>load<u32>(regionTop + region);
    // The top entry's place names the ASID and the entry.
    const tag4 = <u32>top >>> 3;
    let third = findPsc(pscs + 2 * Psc.END, tag4);
    if (third == 0) {
      third = tableIn(top);
      upperLoads++;
      fillPsc(pscs + 2 * Psc.END, tag4, third);
    }
    const second = tableIn(third + <usize>load<u32>(regionTop + region, 4) + ((<usize>key >>> 15) & 0x18));
    upperLoads++;
    tables = i32x4.replace_lane(tables, 0, <i32>second);
  }
  v128.store(set, tables, 16);
  return tableIn(<usize>i32x4.extract_lane(tables, 0) + index);
}

let upperLoads: u64 = 0;

/** Level of the table that `deepest` gave. */
let found: u32 = 0;

function pscAt(pscs: usize, level: u32): usize {
  return pscs + <usize>((level - 1) * Psc.END);
}

/**
 * What identifies an entry of a level: within the ASID, the page number above the entry's span. The upper two spans are
 * wider than a region; there the root's address stands for the ASID (roots are 4 KiB apart, so 12 low bits are free).
 */
function tagOf(key: u32, page: u64, level: u32): u32 {
  if (level <= 2) return key >>> (9 * level);
  // With four levels the top entry's place is both (upperFast).
  if (levels == 4) return load<u32>(regionTop + ((<usize>key >>> 20) << 3)) >>> 3;
  const root = load<u32>(regionRoot + ((<usize>key >>> 20) << 2));
  return root | <u32>(page >> (9 * level));
}

/** The lowest table that a cache of level `from` or above knows; else the root. `found` is the level of its entries. */
function deepest(pscs: usize, key: u32, page: u64, from: u32, top: u32): usize {
  for (let level = from + 1; level < top; level++) {
    const table = findPsc(pscAt(pscs, level), tagOf(key, page, level));
    if (table != 0) {
      found = level - 1;
      return table;
    }
  }
  found = top - 1;
  return <usize>load<u32>(regionRoot + ((<usize>key >>> 20) << 2));
}

/** One walk, any size; gives the number of loads. */
function walk(pscs: usize, key: u32, size: u32): u32 {
  const page = pageOf(key);
  let table = deepest(pscs, key, page, size, levels);
  let loads: u32 = 1;
  for (let level = found; level > size; level--) {
    table = tableIn(entryAt(table, page, level));
    loads++;
    fillPsc(pscAt(pscs, level), tagOf(key, page, level), table);
  }
  const leaf = entryAt(table, page, size);
  if (load<u32>(leaf) == 0) mapLeaf(leaf, size);
  return loads;
}
