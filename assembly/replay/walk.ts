/**
 * The page walk, for batches of references that missed the last TLB level.
 *
 * What a paging-structure cache saves is a count: tables stay where they are made, so an entry that is cached and the
 * entry in memory say the same. The common case, base pages and a PDE cache of four ways, keeps the two apart. The
 * caches are passed as a TLB level is, tags only, each handing on its misses; the walk itself asks no cache, so that
 * the loads of one walk do not wait for another's. There is no branch that depends on a hit.
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
/** Where the table of each GiB is, by key >>> 18: tables stay where they are made. 0 before (see walkUncached). */
const giants: usize = allocate(1 << 16);
/** Keys of a batch are at most this many: entries must hold them. */
export const WALKS_MAX: usize = (1 << 16) >> 2;

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
  if (size == 0 && levels == 4 && load<u32>(pde, Psc.WAYS) == 4) {
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
  const tops = regionTop;
  while (k < end) {
    const key = load<u32>(k);
    const region = tops + ((<usize>key >>> 20) << 3);
    const third = <usize>load<u32>(<usize>load<u32>(region)) & ~4095;
    const upperIndex = <usize>load<u32>(region, 4) + ((<usize>key >>> 15) & 0x18);
    const second = <usize>load<u32>(third + upperIndex) & ~4095;
    const last = <usize>load<u32>(second + ((<usize>key >>> 6) & 0xff8)) & ~4095;
    if (load<u32>(last + ((<usize>key & 511) << 3)) == 0) build(key);
    k += 4;
  }
}

/** Makes what a batch's walk did not find. */
function build(key: u32): void {
  const page = pageOf(key);
  let table = <usize>load<u32>(regionRoot + ((<usize>key >>> 20) << 2));
  for (let level = levels - 1; level > 0; level--) {
    if (level == 1) store<u32>(giants + ((<usize>key >>> 18) << 2), <u32>table);
    table = tableIn(entryAt(table, page, level));
  }
  const leaf = entryAt(table, page, 0);
  if (load<u32>(leaf) == 0) mapLeaf(leaf, 0);
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

/** Base pages and a PDE cache of four ways: which caches hit, and the walk itself, apart from each other. */
function walkFast(pscs: usize, counts: usize, k: usize, end: usize): void {
  const missed = walkDirectories(<usize>load<u32>(pscs, Psc.BASE), load<u32>(pscs, Psc.SETS_MASK), k, end, entries);
  const second = pscAt(pscs, 2);
  if (load<u32>(second, Psc.WAYS) == 4 && load<u32>(second, Psc.SETS_MASK) == 0) {
    count(counts, Count.WALK_LOADS, upperFast(pscs, entries, missed));
  } else {
    for (let at = entries; at < missed; at += 4) upper(pscs, counts, load<u32>(at));
  }
}

/** A set of four with the wanted tag in front: what lies before its old place, or everything, moves back by one. */
function inFront(tags: v128, wanted: v128, hit: v128): v128 {
  const none = i32x4.splat(0);
  const keep = v128.or(
    v128.or(v128.shuffle<i32>(none, hit, 3, 4, 5, 6), v128.shuffle<i32>(none, hit, 2, 3, 4, 5)),
    v128.shuffle<i32>(none, hit, 1, 2, 3, 4),
  );
  return v128.bitselect(tags, v128.shuffle<i32>(wanted, tags, 3, 4, 5, 6), keep);
}

/**
 * Walks, and beside each the look-up in a PDE cache of four ways; appends the keys that it does not know. The two share
 * a loop because neither waits for the other: the look-ups of one set are a chain, the loads of walks are not.
 */
function walkDirectories(base: usize, mask: u32, k: usize, end: usize, out: usize): usize {
  const seconds = giants;
  while (k < end) {
    const key = load<u32>(k);
    const tag = key >>> 9;
    const set = base + ((<usize>(tag & mask)) << 5);
    const tags = v128.load(set);
    const wanted = i32x4.splat(tag);
    const hit = i32x4.eq(tags, wanted);
    v128.store(set, inFront(tags, wanted, hit));
    store<u32>(out, key);
    out += (<usize>!v128.any_true(hit)) << 2;
    const second = <usize>load<u32>(seconds + ((<usize>key >>> 18) << 2));
    const last = <usize>load<u32>(second + ((<usize>key >>> 6) & 0xff8)) & ~4095;
    if (load<u32>(last + ((<usize>key & 511) << 3)) == 0) build(key);
    k += 4;
  }
  return out;
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
 * The same for four levels and a PDPTE cache of one set with four ways, for all keys at `k`: the set stays in a
 * register. Gives the number of loads.
 */
function upperFast(pscs: usize, k: usize, end: usize): u64 {
  const set = <usize>load<u32>(pscs, Psc.END + Psc.BASE);
  let tags = v128.load(set);
  let first = i32x4.extract_lane(tags, 0);
  const isCached = load<u32>(pscs, 2 * Psc.END + Psc.WAYS) != 0;
  let lastTop: u32 = 0;
  let loads = <u64>((end - k) >>> 2);
  // Four keys at a time stay within the GiB before; what lies behind `end` is only compared.
  let checked = k;
  while (k < end) {
    if (k == checked) {
      checked += 16;
      const four = i32x4.eq(i32x4.shr_u(v128.load(k), 18), i32x4.splat(first));
      if (i32x4.all_true(four)) {
        k = checked;
        continue;
      }
    }
    const key = load<u32>(k);
    k += 4;
    const tag = key >>> 18;
    if (tag == <u32>first) continue;
    first = tag;
    const wanted = i32x4.splat(tag);
    const hit = i32x4.eq(tags, wanted);
    tags = inFront(tags, wanted, hit);
    if (v128.any_true(hit)) continue;
    loads++;
    // The top entry's place names the ASID and the entry.
    const top = load<u32>(regionTop + ((<usize>key >>> 20) << 3)) >>> 3;
    if (top == lastTop) continue;
    if (isCached) lastTop = top;
    if (findPsc(pscs + 2 * Psc.END, top) != 0) continue;
    loads++;
    fillPsc(pscs + 2 * Psc.END, top, 1);
  }
  v128.store(set, tags);
  return loads;
}

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
