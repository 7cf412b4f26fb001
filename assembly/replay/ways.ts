/**
 * Look-up and fill of levels whose ways stand still: tree-PLRU and random replacement.
 *
 * Protocol
 *   Hit: PLRU points every node on the way's path away from it; random does nothing. Miss: the lowest empty way, else
 *   the victim; then as for a hit. Repeating the last reference of a set changes nothing under either policy, so the
 *   filter in front (filter.ts) is exact here too.
 *
 * The tree of a set is one u64: node 1 is the root, node n has children 2n and 2n + 1, a set bit says "victim is
 * right". With a number of ways that is no power of two the tree is that of the next power, and a right child without
 * ways is never taken.
 */
import { Policy } from "../abi/replay";
import { Level, Place, placeOf, renewSet } from "./level";

const EMPTY: u32 = 0xffffffff;

export function lookWays(level: usize, place: usize, places: usize, k: usize, end: usize, out: usize): usize {
  const vectors = load<u32>(level, Level.VECTORS);
  const stride = load<u32>(level, Level.STRIDE);
  const epoch = load<u32>(level, Level.EPOCH);
  const tail = (<usize>vectors) << 4;
  const isTree = load<u32>(level, Level.POLICY) == Policy.PLRU;
  while (k < end) {
    const q = load<u32>(k);
    let set: usize;
    if (places != 0) {
      const packed = <usize>load<u32>(places);
      set = packed & ~15;
      place = placeOf(level, <u32>packed & 15);
      places += 4;
    } else set = <usize>(load<u32>(place, Place.BASE) + (q & load<u32>(place, Place.MASK)) * stride);
    if (load<u32>(set + tail) != epoch) renewSet(set, vectors, epoch);
    const ways = load<u32>(place, Place.WAYS);
    let way = wayOf(set, ways, q);
    store<u32>(out, q);
    if (way == ways) {
      store<u32>(place, load<u32>(place, Place.MISSES) + 1, Place.MISSES);
      out += 4;
      k += 4;
      // A structure that a machine lacks has no ways: nothing to fill.
      if (ways == 0) continue;
      k -= 4;
      way = wayOf(set, ways, EMPTY);
      if (way == ways) way = isTree ? victim(load<u64>(set + tail, 8), ways) : draw(level, ways);
      store<u32>(set + ((<usize>way) << 2), q);
    }
    if (isTree) store<u64>(set + tail, pointAway(load<u64>(set + tail, 8), ways, way), 8);
    k += 4;
  }
  return out;
}

/** The lowest way that holds `q`, or `ways`. */
function wayOf(set: usize, ways: u32, q: u32): u32 {
  const key = i32x4.splat(q);
  for (let way: u32 = 0; way < ways; way += 4) {
    const hit = i32x4.bitmask(i32x4.eq(v128.load(set + ((<usize>way) << 2)), key));
    if (hit != 0) {
      const found = way + ctz(<u32>hit);
      return found < ways ? found : ways;
    }
  }
  return ways;
}

/** Leaves of the tree: the next power of two. */
function leaves(ways: u32): u32 {
  return ways <= 1 ? 1 : 1 << (32 - clz(ways - 1));
}

function victim(tree: u64, ways: u32): u32 {
  let half = leaves(ways) >>> 1;
  let node: u64 = 1;
  let way: u32 = 0;
  while (half != 0) {
    const isRight = ((tree >> node) & 1) != 0 && way + half < ways;
    if (isRight) way += half;
    node = (node << 1) | (isRight ? 1 : 0);
    half >>>= 1;
  }
  return way;
}

function pointAway(tree: u64, ways: u32, way: u32): u64 {
  let half = leaves(ways) >>> 1;
  let node: u64 = 1;
  while (half != 0) {
    const isRight = (way & half) != 0;
    const bit = (<u64>1) << node;
    tree = isRight ? tree & ~bit : tree | bit;
    node = (node << 1) | (isRight ? 1 : 0);
    half >>>= 1;
  }
  return tree;
}

function draw(level: usize, ways: u32): u32 {
  let x = load<u32>(level, Level.RANDOM);
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  store<u32>(level, x, Level.RANDOM);
  return <u32>((<u64>x * <u64>ways) >> 32);
}
