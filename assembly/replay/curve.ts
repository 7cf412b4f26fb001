/**
 * The miss curve: a fully associative LRU TLB of every number of entries, in one pass.
 *
 * Protocol
 *   The LRU stack has no end here. Each reference takes the next slot; a key stands at the slot of its last reference,
 *   so the slots in use, latest first, are the stack, and the number of them above a key is its distance: it misses
 *   with up to as many entries. A bit per slot says that it is in use; blocks of 512 slots are counted in a Fenwick
 *   tree, all but the open one, in which most distances end. When slots run out, those in use move together.
 *
 * Invariants
 *   C1  A key is in the stack exactly if its slot is in use and holds the key. So the hash table is never cleared.
 *   C2  Holes are as in sweep.ts, S1: an invalidated key leaves its slot in use. A reference found below the first hole
 *       ends that hole and leaves one where it was; a new key ends the first hole. `HOLES` is a heap, latest on top.
 *   C3  At most half of the slots are in use after they have moved together, so each moves a constant number of times.
 */
import { rise, sink } from "./heap";
import { allocate } from "./memory";
import { makePlaces, placeOf } from "./places";
import { isOf } from "./spaces";
import { HOLE } from "./stacks";

const enum Curve {
  /** Key of each slot, or HOLE. */
  KEYS = 0,
  /** A bit for each slot in use. */
  BITS = 4,
  /** Fenwick tree over closed blocks, from node 1. */
  TREE = 8,
  /** Where the slot of each key is kept. */
  PLACES = 12,
  /** Hits by distance, u64. */
  HITS = 16,
  /** Slots of holes: a heap. */
  HOLES = 20,
  SLOTS = 24,
  NEXT = 28,
  /** Slots in use in the open block, and in all closed ones. */
  OPEN = 32,
  CLOSED = 36,
  HOLE_COUNT = 40,
  /** References to keys that were not in the stack, u64. */
  COLD = 48,
  END = 64,
}

const FIRST_SLOTS: u32 = 4096;
const BLOCK_BITS: u32 = 9;

export function makeCurve(): usize {
  const curve = allocate(Curve.END);
  makeSlots(curve, FIRST_SLOTS);
  store<u32>(curve, <u32>makePlaces(), Curve.PLACES);
  return curve;
}

function makeSlots(curve: usize, slots: u32): void {
  store<u32>(curve, slots, Curve.SLOTS);
  store<u32>(curve, <u32>allocate((<usize>slots) << 2), Curve.KEYS);
  store<u32>(curve, <u32>allocate(<usize>slots >> 3), Curve.BITS);
  store<u32>(curve, <u32>allocate((<usize>slots >> (BLOCK_BITS - 2)) + 4), Curve.TREE);
  store<u32>(curve, <u32>allocate((<usize>slots) << 2), Curve.HOLES);
  store<u32>(curve, <u32>allocate((<usize>slots) << 3), Curve.HITS);
}

/** Distances for which there is a count of hits. */
export function curveLength(curve: usize): u32 {
  return load<u32>(curve, Curve.SLOTS);
}

/** Hits at a distance. */
export function hitsAt(curve: usize, distance: u32): u64 {
  return load<u64>(wordAt(curve, Curve.HITS, distance << 1));
}

/** References to keys that were not in the stack. */
export function coldOf(curve: usize): u64 {
  return load<u64>(curve, Curve.COLD);
}

/** Runs keys through the stack. */
export function curveBatch(curve: usize, k: usize, end: usize): void {
  while (k < end) {
    refer(curve, load<u32>(k));
    k += 4;
  }
}

function refer(curve: usize, key: u32): void {
  if (load<u32>(curve, Curve.NEXT) == load<u32>(curve, Curve.SLOTS)) moveTogether(curve);
  const place = placeOf(<usize>load<u32>(curve, Curve.PLACES), key);
  const slot = load<u32>(place);
  const holes = load<u32>(curve, Curve.HOLE_COUNT);
  if (isLive(curve, key, slot)) {
    const hits = wordAt(curve, Curve.HITS, distanceOf(curve, slot) << 1);
    store<u64>(hits, load<u64>(hits) + 1);
    const heap = <usize>load<u32>(curve, Curve.HOLES);
    if (holes != 0 && load<u32>(heap) > slot) {
      leave(curve, load<u32>(heap));
      store<u32>(wordAt(curve, Curve.KEYS, slot), HOLE);
      sink(heap, holes, slot);
    } else leave(curve, slot);
  } else {
    store<u64>(curve, load<u64>(curve, Curve.COLD) + 1, Curve.COLD);
    if (holes != 0) leave(curve, popHole(curve));
  }
  const next = load<u32>(curve, Curve.NEXT);
  store<u32>(place, next);
  store<u32>(wordAt(curve, Curve.KEYS, next), key);
  enter(curve, next);
}

/** Leaves a hole where a key is. */
export function curveHole(curve: usize, key: u32): void {
  const slot = load<u32>(placeOf(<usize>load<u32>(curve, Curve.PLACES), key));
  if (isLive(curve, key, slot)) makeHole(curve, slot);
}

/** Leaves holes for all keys of an ASID in a range of base pages. */
export function curveHoleAll(curve: usize, shift: u32, asid: u32, from: u64, to: u64): void {
  const next = load<u32>(curve, Curve.NEXT);
  for (let slot: u32 = 0; slot < next; slot++) {
    const key = load<u32>(wordAt(curve, Curve.KEYS, slot));
    if (isUsed(curve, slot) && key != HOLE && isOf(key, shift, asid, from, to)) makeHole(curve, slot);
  }
}

/** A full flush. */
export function emptyCurve(curve: usize): void {
  clearSlots(curve);
  store<u32>(curve, 0, Curve.NEXT);
  store<u32>(curve, 0, Curve.OPEN);
  store<u32>(curve, 0, Curve.CLOSED);
  store<u32>(curve, 0, Curve.HOLE_COUNT);
}

/** Word `index` of one of the arrays. */
function wordAt(curve: usize, array: usize, index: u32): usize {
  return <usize>load<u32>(curve + array) + ((<usize>index) << 2);
}

function isUsed(curve: usize, slot: u32): bool {
  return ((load<u32>(wordAt(curve, Curve.BITS, slot >> 5)) >> (slot & 31)) & 1) != 0;
}

function isLive(curve: usize, key: u32, slot: u32): bool {
  return (
    slot < load<u32>(curve, Curve.NEXT) && isUsed(curve, slot) && load<u32>(wordAt(curve, Curve.KEYS, slot)) == key
  );
}

/** Takes the next slot into use. */
function enter(curve: usize, next: u32): void {
  const word = wordAt(curve, Curve.BITS, next >> 5);
  store<u32>(word, load<u32>(word) | (1 << (next & 31)));
  const open = load<u32>(curve, Curve.OPEN) + 1;
  store<u32>(curve, next + 1, Curve.NEXT);
  store<u32>(curve, open, Curve.OPEN);
  if (((next + 1) & ((1 << BLOCK_BITS) - 1)) == 0) closeBlock(curve, next >> BLOCK_BITS, open);
}

function closeBlock(curve: usize, block: u32, used: u32): void {
  addToTree(curve, block, used);
  store<u32>(curve, load<u32>(curve, Curve.CLOSED) + used, Curve.CLOSED);
  store<u32>(curve, 0, Curve.OPEN);
}

/** Takes a slot out of use. */
function leave(curve: usize, slot: u32): void {
  const word = wordAt(curve, Curve.BITS, slot >> 5);
  store<u32>(word, load<u32>(word) & ~(1 << (slot & 31)));
  const block = slot >> BLOCK_BITS;
  if (block == load<u32>(curve, Curve.NEXT) >> BLOCK_BITS) {
    store<u32>(curve, load<u32>(curve, Curve.OPEN) - 1, Curve.OPEN);
  } else {
    addToTree(curve, block, -1);
    store<u32>(curve, load<u32>(curve, Curve.CLOSED) - 1, Curve.CLOSED);
  }
}

function addToTree(curve: usize, block: u32, by: u32): void {
  const nodes = load<u32>(curve, Curve.SLOTS) >> BLOCK_BITS;
  let node = block + 1;
  while (node <= nodes) {
    const count = wordAt(curve, Curve.TREE, node);
    store<u32>(count, load<u32>(count) + by);
    node += node & -node;
  }
}

/** Slots in use above one. */
function distanceOf(curve: usize, slot: u32): u32 {
  const bits = <usize>load<u32>(curve, Curve.BITS);
  let word = bits + ((<usize>slot >> 6) << 3);
  let above = <u32>popcnt<u64>((load<u64>(word) >> (<u64>slot & 63)) >> 1);
  const end = bits + (((<usize>slot >> BLOCK_BITS) + 1) << (BLOCK_BITS - 3));
  word += 8;
  while (word < end) {
    above += <u32>popcnt<u64>(load<u64>(word));
    word += 8;
  }
  const block = slot >> BLOCK_BITS;
  if (block == load<u32>(curve, Curve.NEXT) >> BLOCK_BITS) return above;
  above += load<u32>(curve, Curve.CLOSED) + load<u32>(curve, Curve.OPEN);
  let node = block + 1;
  while (node != 0) {
    above -= load<u32>(wordAt(curve, Curve.TREE, node));
    node &= node - 1;
  }
  return above;
}

/** C3. */
function moveTogether(curve: usize): void {
  const slots = load<u32>(curve, Curve.SLOTS);
  const keys = <usize>load<u32>(curve, Curve.KEYS);
  let used: u32 = 0;
  for (let slot: u32 = 0; slot < slots; slot++) {
    if (!isUsed(curve, slot)) continue;
    const key = load<u32>(keys + ((<usize>slot) << 2));
    store<u32>(keys + ((<usize>used) << 2), key);
    if (key != HOLE) store<u32>(placeOf(<usize>load<u32>(curve, Curve.PLACES), key), used);
    used++;
  }
  clearSlots(curve);
  if (used > slots >> 1) {
    const hits = <usize>load<u32>(curve, Curve.HITS);
    makeSlots(curve, slots << 1);
    memory.copy(<usize>load<u32>(curve, Curve.KEYS), keys, (<usize>used) << 2);
    memory.copy(<usize>load<u32>(curve, Curve.HITS), hits, (<usize>slots) << 3);
  }
  store<u32>(curve, 0, Curve.OPEN);
  store<u32>(curve, 0, Curve.CLOSED);
  for (let slot: u32 = 0; slot < used; slot++) enter(curve, slot);
  // From the latest down: that is a heap already.
  const heap = <usize>load<u32>(curve, Curve.HOLES);
  let holes: usize = 0;
  for (let slot: u32 = used; slot > 0; slot--) {
    if (load<u32>(wordAt(curve, Curve.KEYS, slot - 1)) != HOLE) continue;
    store<u32>(heap + (holes << 2), slot - 1);
    holes++;
  }
}

/** No slot is in use; what follows sets the counts. */
function clearSlots(curve: usize): void {
  const slots = <usize>load<u32>(curve, Curve.SLOTS);
  const used = (<usize>load<u32>(curve, Curve.NEXT) + 63) >> 6;
  memory.fill(<usize>load<u32>(curve, Curve.BITS), 0, used << 3);
  memory.fill(<usize>load<u32>(curve, Curve.TREE), 0, (slots >> (BLOCK_BITS - 2)) + 4);
}

function makeHole(curve: usize, slot: u32): void {
  const holes = load<u32>(curve, Curve.HOLE_COUNT);
  store<u32>(wordAt(curve, Curve.KEYS, slot), HOLE);
  rise(<usize>load<u32>(curve, Curve.HOLES), holes, slot);
  store<u32>(curve, holes + 1, Curve.HOLE_COUNT);
}

/** The latest hole, which is no longer one. */
function popHole(curve: usize): u32 {
  const heap = <usize>load<u32>(curve, Curve.HOLES);
  const top = load<u32>(heap);
  const left = load<u32>(curve, Curve.HOLE_COUNT) - 1;
  store<u32>(curve, left, Curve.HOLE_COUNT);
  sink(heap, left, load<u32>(heap + ((<usize>left) << 2)));
  return top;
}
