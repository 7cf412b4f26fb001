/**
 * All LRU geometries in one pass: 1 to 2048 sets, 1 to 16 ways, for any of the three page sizes.
 *
 * Protocol
 *   Per number of sets, every set is a stack of 16 keys; the position p at which a reference is found is its stack
 *   distance there, so that it misses with up to p ways. Numbers of sets go from coarse to fine: a reference at
 *   position 0 is at position 0 of all finer sets (whoever touched it last is the last in any part of the set), so only
 *   the others go on. Likewise the stream of base pages without repeats serves the larger page sizes. A CPU that is
 *   asked for miss curves has those instead (curve.ts).
 *
 * Invariants
 *   S1  Invalidating a page leaves a hole in its stacks, where it stays. A reference found at p with its first hole at
 *       h moves only the places 0..min(p, h); if h < p the place p becomes a hole. (A cache of more ways than h would
 *       have filled its empty way; one of fewer never saw the hole.)
 *   S2  A full flush begins a new epoch. Until the first event neither epochs nor holes are looked at.
 *   S3  The filter of repeats forgets at every event.
 */
import { Count, RecordType } from "../abi/replay";
import { CpuField, counted, cpuAt, QUEUE_BYTES } from "./cpu";
import { coldOf, curveBatch, curveHole, curveHoleAll, curveLength, emptyCurve, hitsAt, makeCurve } from "./curve";
import { careful } from "./holes";
import { allocate } from "./memory";
import { isOf, regionOf } from "./spaces";
import { HOLE, rows, rows4, Sweep, sweepSets } from "./stacks";

const first: usize = allocate(QUEUE_BYTES);
const second: usize = allocate(QUEUE_BYTES);
const third: usize = allocate(QUEUE_BYTES);

export const SET_COUNTS: u32 = 12;

/** Gives a CPU its sweeps or curves, for the page sizes in the mask `sizes`, if it has none yet. */
export function makeSweeps(cpu: usize, sizes: u32, isCurve: bool): void {
  for (let size: usize = 0; size < 3; size++) {
    const at = cpu + (size << 2);
    if (((sizes >> <u32>size) & 1) == 0 || load<u32>(at, CpuField.SWEEPS) != 0) continue;
    const sweep = allocate(Sweep.END);
    store<u32>(sweep, 0xffffffff, Sweep.LAST);
    store<u32>(at, <u32>sweep, CpuField.SWEEPS);
    if (isCurve) {
      store<u32>(sweep, <u32>makeCurve(), Sweep.CURVE);
      continue;
    }
    store<u32>(sweep, <u32>allocate((<usize>sweepSets) << 6), Sweep.STACKS);
    store<u32>(sweep, <u32>allocate((<usize>sweepSets) << 2), Sweep.EPOCHS);
    memory.fill(<usize>load<u32>(sweep, Sweep.STACKS), 255, (<usize>sweepSets) << 6);
  }
}

function curveOf(cpu: u32, size: u32): usize {
  const sweep = <usize>load<u32>(cpuAt(cpu) + ((<usize>size) << 2), CpuField.SWEEPS);
  return <usize>load<u32>(sweep, Sweep.CURVE);
}

/** Distances at which a CPU's curve may have hits: 0 to this, exclusive. */
export function curveDistances(cpu: u32, size: u32): u32 {
  return curveLength(curveOf(cpu, size));
}

/** Hits at a distance above 0, repeats left out: they hit in a TLB with more entries than `distance`. */
export function curveHits(cpu: u32, size: u32, distance: u32): f64 {
  return <f64>hitsAt(curveOf(cpu, size), distance);
}

/** Misses in a TLB of any size. */
export function curveCold(cpu: u32, size: u32): f64 {
  return <f64>coldOf(curveOf(cpu, size));
}

/** Hits at position `position` (16: misses) with 2^setBits sets, of positions above 0. */
export function sweepHits(cpu: u32, size: u32, setBits: u32, position: u32): f64 {
  const sweep = <usize>load<u32>(cpuAt(cpu) + ((<usize>size) << 2), CpuField.SWEEPS);
  return <f64>load<u64>(sweep + ((<usize>(setBits * 17 + position)) << 3), Sweep.HITS);
}

/** Runs keys of base pages through the sweeps of a CPU. */
export function sweepBatch(cpu: usize, k: usize, end: usize): void {
  let from = k;
  let to = end;
  const stream = third;
  for (let size: u32 = 0; size < 3; size++) {
    const sweep = <usize>load<u32>(cpu + ((<usize>size) << 2), CpuField.SWEEPS);
    // Without a sweep of base pages their stream still has to be made free of repeats for the next size.
    if (sweep == 0) continue;
    to = strip(sweep, 9 * size, from, to, first);
    memory.copy(stream, first, to - first);
    from = stream;
    const length = to - first;
    const curve = <usize>load<u32>(sweep, Sweep.CURVE);
    if (curve != 0) curveBatch(curve, first, first + length);
    else runSizes(sweep, length);
    to = stream + length;
    shiftOf = 9 * size;
  }
}

let shiftOf: u32 = 0;

function strip(sweep: usize, shift: u32, k: usize, end: usize, out: usize): usize {
  let last = load<u32>(sweep, Sweep.LAST);
  const by = k == third ? shift - shiftOf : shift;
  while (k < end) {
    const q = load<u32>(k) >>> by;
    store<u32>(out, q);
    out += (<usize>(q != last)) << 2;
    last = q;
    k += 4;
  }
  store<u32>(sweep, last, Sweep.LAST);
  return out;
}

/** All numbers of sets for the stream of `length` bytes at `first`. */
function runSizes(sweep: usize, length: usize): void {
  const stacks = <usize>load<u32>(sweep, Sweep.STACKS);
  const isCareful = load<u32>(sweep, Sweep.CAREFUL) != 0;
  let from = first;
  let to = second;
  for (let bits: u32 = 0; bits < SET_COUNTS && length != 0; bits++) {
    const mask: u32 = (1 << bits) - 1;
    const hits = sweep + Sweep.HITS + <usize>bits * 136;
    if (isCareful) {
      const epochs = <usize>load<u32>(sweep, Sweep.EPOCHS) + ((<usize>mask) << 2);
      length =
        careful(stacks + ((<usize>mask) << 6), epochs, load<u32>(sweep, Sweep.EPOCH), mask, hits, from, length, to) -
        to;
    } else length = plain(stacks + ((<usize>mask) << 6), mask, hits, from, length, to) - to;
    const swap = from;
    from = to;
    to = swap;
  }
}

/** One number of sets, no event so far. Gives the end of what goes on. */
function plain(stacks: usize, mask: u32, hits: usize, k: usize, length: usize, out: usize): usize {
  const end = k + length;
  while (k < end) {
    const q = load<u32>(k);
    const set = stacks + ((<usize>(q & mask)) << 6);
    const key = i32x4.splat(q);
    const a = v128.load(set);
    const near = i32x4.bitmask(i32x4.eq(a, key));
    store<u32>(out, q);
    if (near != 0) {
      v128.store(
        set,
        v128.bitselect(v128.shuffle<i32>(key, a, 3, 4, 5, 6), a, v128.load(rows4 + ((<usize>near) << 4))),
      );
      const hit = hits + ((<usize>ctz(near)) << 3);
      store<u64>(hit, load<u64>(hit) + 1);
      out += (<usize>(near != 1)) << 2;
    } else {
      const b = v128.load(set, 16);
      const c = v128.load(set, 32);
      const d = v128.load(set, 48);
      const far =
        (i32x4.bitmask(i32x4.eq(b, key)) << 4) |
        (i32x4.bitmask(i32x4.eq(c, key)) << 8) |
        (i32x4.bitmask(i32x4.eq(d, key)) << 12);
      const position = <usize>ctz(far | 0x10000);
      const row = rows + (position << 6);
      v128.store(set, v128.shuffle<i32>(key, a, 3, 4, 5, 6));
      v128.store(set, v128.bitselect(v128.shuffle<i32>(a, b, 3, 4, 5, 6), b, v128.load(row, 16)), 16);
      v128.store(set, v128.bitselect(v128.shuffle<i32>(b, c, 3, 4, 5, 6), c, v128.load(row, 32)), 32);
      v128.store(set, v128.bitselect(v128.shuffle<i32>(c, d, 3, 4, 5, 6), d, v128.load(row, 48)), 48);
      const hit = hits + (position << 3);
      store<u64>(hit, load<u64>(hit) + 1);
      out += 4;
    }
    k += 4;
  }
  return out;
}

/** An event on a CPU that is swept. */
export function sweepEvent(cpu: usize, space: usize, asid: u32, r: usize): void {
  const record = load<u64>(r);
  const type = <u32>(record >> 56);
  const address = record & 0xffffffffffff;
  counted(cpu, type == RecordType.FLUSH_ALL ? Count.FLUSHES : Count.INVALIDATIONS, 1);
  const from = address >> 12;
  let to = from;
  if (type == RecordType.INVALIDATE_RANGE) {
    const end = load<u64>(r, 8) & 0xffffffffffff;
    if (end <= address) return;
    to = (end - 1) >> 12;
  }
  for (let size: u32 = 0; size < 3; size++) {
    const sweep = <usize>load<u32>(cpu + ((<usize>size) << 2), CpuField.SWEEPS);
    if (sweep == 0) continue;
    store<u32>(sweep, 1, Sweep.CAREFUL);
    store<u32>(sweep, 0xffffffff, Sweep.LAST);
    if (type == RecordType.FLUSH_ALL) {
      flush(sweep);
    } else if (type == RecordType.FLUSH_ASID) {
      holeAll(sweep, 9 * size, <u32>address, 0, u64.MAX_VALUE >> 1);
    } else if (to - from < 64) {
      for (let page = from; page <= to; page++) {
        const key = regionOf(space, <u32>(page >> 20) & 0xffff) | (<u32>page & 0xfffff);
        hole(sweep, key >>> (9 * size));
      }
    } else holeAll(sweep, 9 * size, asid, from, to);
  }
}

function flush(sweep: usize): void {
  const curve = <usize>load<u32>(sweep, Sweep.CURVE);
  if (curve != 0) emptyCurve(curve);
  else store<u32>(sweep, load<u32>(sweep, Sweep.EPOCH) + 1, Sweep.EPOCH);
}

/** Leaves a hole where a key is, for every number of sets. */
function hole(sweep: usize, key: u32): void {
  const curve = <usize>load<u32>(sweep, Sweep.CURVE);
  if (curve != 0) {
    curveHole(curve, key);
    return;
  }
  const epoch = load<u32>(sweep, Sweep.EPOCH);
  for (let bits: u32 = 0; bits < SET_COUNTS; bits++) {
    const mask: u32 = (1 << bits) - 1;
    const set = <usize>(mask + (key & mask));
    if (load<u32>(<usize>load<u32>(sweep, Sweep.EPOCHS) + (set << 2)) != epoch) continue;
    const stack = <usize>load<u32>(sweep, Sweep.STACKS) + (set << 6);
    for (let at = stack; at < stack + 64; at += 4) {
      if (load<u32>(at) == key) store<u32>(at, HOLE);
    }
  }
}

/** Leaves holes for all keys of an ASID in a range of base pages. */
function holeAll(sweep: usize, shift: u32, asid: u32, from: u64, to: u64): void {
  const curve = <usize>load<u32>(sweep, Sweep.CURVE);
  if (curve != 0) {
    curveHoleAll(curve, shift, asid, from, to);
    return;
  }
  const stacks = <usize>load<u32>(sweep, Sweep.STACKS);
  for (let at = stacks; at < stacks + ((<usize>sweepSets) << 6); at += 4) {
    const key = load<u32>(at);
    if (key < HOLE && isOf(key, shift, asid, from, to)) store<u32>(at, HOLE);
  }
}
