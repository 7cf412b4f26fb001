/**
 * The replay: batches of records through front, filter, L1, L2 and the walk, each stage over the whole batch.
 *
 * Levels are decoupled: nothing that a level does depends on what a lower one answers (no inclusion, no back-
 * invalidation), so each runs over the whole batch and hands on its misses, in order.
 */
import { Count, Fault, Policy, RecordType } from "../abi/replay";
import { classify, placeSecond, planFor, touchAll } from "./classify";
import { BATCH, CpuField, counted, cpuAt, cpusUsed, filterMask, filterOf, isMade, openCpu, QUEUE_BYTES } from "./cpu";
import { act } from "./events";
import { filter } from "./filter";
import { fetchesSeen, forgetRegions, front, frontStop } from "./front";
import { CLASSES, Level, Place, placeOf } from "./level";
import { lookLong } from "./long";
import { allocate, fail } from "./memory";
import { look } from "./recency";
import { mixSizes, spaceOf } from "./spaces";
import { makeSweeps, sweepBatch, sweepEvent } from "./sweep";
import { walkAll, walkMixed } from "./walk";
import { lookWays } from "./ways";

const passed: usize = allocate(QUEUE_BYTES);
const missed: usize = allocate(QUEUE_BYTES);
const walked: usize = allocate(QUEUE_BYTES);
const places: usize = allocate(QUEUE_BYTES);

/** Bytes of records that are sieved at a time. */
const PIECE: usize = 1 << 16;
/** The accesses of a piece; room for the second half of a range. */
const accesses: usize = allocate(PIECE + 64);

const MIXED: u32 = 3;
/** The page size of everything, or MIXED. */
let uniform: u32 = 0;
let splitFetch: bool = false;
let isTouching: bool = false;
/** Mask of page sizes; 0 when nothing is swept. */
let sweptSizes: u32 = 0;
let makesCurves: bool = false;
let cpu: usize = 0;
let asid: u32 = 0;
let space: usize = 0;

/** Page size of everything (0 to 2), or 3: sizes by range, `otherwise` where no range says. */
export function choosePages(size: u32, otherwise: u32, fetches: u32): void {
  splitFetch = fetches != 0;
  uniform = size;
  // Fetches with an L1 of their own need the classes of a mixed simulation.
  if (splitFetch && uniform != MIXED) {
    otherwise = uniform;
    uniform = MIXED;
  }
  if (uniform == MIXED) mixSizes(otherwise);
}

export function setTouching(on: u32): void {
  isTouching = on != 0;
}

/**
 * Sweeps all LRU geometries of the page sizes in the mask, or makes their miss curves, instead of simulating the one
 * geometry. Pages must be of 4 KiB.
 */
export function setSweeping(sizes: u32, isCurve: u32): void {
  sweptSizes = sizes;
  makesCurves = isCurve != 0;
}

/** From the beginning: CPU 0, ASID 0. */
export function rewind(): void {
  asid = 0;
  space = spaceOf(0);
  forgetRegions();
  switchCpu(0);
}

function switchCpu(index: u32): void {
  const next = openCpu(index);
  if (next == 0) {
    fail(Fault.CPU);
    return;
  }
  cpu = next;
  if (sweptSizes != 0) makeSweeps(cpu, sweptSizes, makesCurves);
  if (uniform == MIXED) planFor(cpu);
}

/** Runs what waits on a CPU. */
function drain(core: usize): void {
  const queue = <usize>load<u32>(core, CpuField.QUEUE);
  const end = queue + ((<usize>load<u32>(core, CpuField.QUEUED)) << 2);
  if (end == queue) return;
  store<u32>(core, 0, CpuField.QUEUED);
  if (sweptSizes != 0) {
    sweepBatch(core, queue, end);
    return;
  }
  if (uniform == MIXED) drainMixed(core, queue, end);
  else drainUniform(core, queue, end);
}

function drainUniform(core: usize, queue: usize, end: usize): void {
  const l1 = <usize>load<u32>(core, CpuField.L1);
  const l2 = <usize>load<u32>(core, CpuField.L2);
  const end1 = filter(filterOf(core, uniform), filterMask(l1, uniform), queue, end, passed);
  const end2 = look(l1, uniform, passed, end1, missed);
  const end3 = look(l2, uniform, missed, end2, walked);
  counted(core, Count.L1_MISSES, <u64>((end2 - missed) >>> 2));
  counted(core, Count.L2_MISSES, <u64>((end3 - walked) >>> 2));
  walkAll(core + CpuField.PSCS, core + CpuField.COUNTS, uniform, walked, end3);
}

function lookMixed(level: usize, at: usize, k: usize, end: usize, out: usize): usize {
  if (load<u32>(level, Level.POLICY) > <u32>Policy.FIFO) return lookWays(level, 0, at, k, end, out);
  return lookLong(level, 0, at, k, end, out);
}

function drainMixed(core: usize, queue: usize, end: usize): void {
  const l1 = <usize>load<u32>(core, CpuField.L1);
  const l2 = <usize>load<u32>(core, CpuField.L2);
  const at = <usize>load<u32>(core, CpuField.PLACES);
  const end2 = lookMixed(l1, at, queue, end, missed);
  countMisses(core, l1);
  placeSecond(l2, missed, end2, places);
  const end3 = lookMixed(l2, places, missed, end2, walked);
  counted(core, Count.L2_MISSES, <u64>((end3 - walked) >>> 2));
  walkMixed(core + CpuField.PSCS, core + CpuField.COUNTS, walked, end3);
}

/** Adds up what the classes of the first level counted, and begins their counts again. */
function countMisses(core: usize, level: usize): void {
  for (let cls: u32 = 0; cls < CLASSES; cls++) {
    const place = placeOf(level, cls);
    counted(core, cls < 3 ? Count.L1_MISSES : Count.FETCH_MISSES, <u64>load<u32>(place, Place.MISSES));
    store<u32>(place, 0, Place.MISSES);
  }
}

/** Replays `count` records at `base`; what follows a switch or lies in a queue waits for the next call or `finish`. */
export function replay(base: usize, count: u32): void {
  const end = base + ((<usize>count) << 3);
  let r = base;
  // Fetches between the accesses break up the front's groups of four: a trace that has some is sieved first.
  while (r < end && !(fetchesSeen && uniform != MIXED)) r = run(r, end < r + PIECE ? end : r + PIECE, end);
  while (r < end) {
    const stop = end < r + PIECE ? end : r + PIECE;
    const sieved = sieve(r, stop, end, accesses);
    r = sieveStop;
    run(accesses, sieved, sieved);
  }
}

let sieveStop: usize = 0;

/** Copies what is not a fetch from [r, stop), and the second half of a range that `stop` cuts. */
function sieve(r: usize, stop: usize, end: usize, out: usize): usize {
  while (r < stop) {
    const record = load<u64>(r);
    store<u64>(out, record);
    out += (<usize>(record >>> 56 != 0)) << 3;
    r += 8;
    if (record >>> 56 == <u64>RecordType.INVALIDATE_RANGE && r < end) {
      store<u64>(out, load<u64>(r));
      out += 8;
      r += 8;
    }
  }
  sieveStop = r;
  return out;
}

/** Replays records [r, stop); gives where it stopped, which may be one further: a range is two records. */
function run(r: usize, stop: usize, end: usize): usize {
  while (r < stop) {
    if (isTouching) r = touchAll(space, r, stop);
    else if (uniform == MIXED) r = classify(cpu, space, splitFetch, r, stop);
    else {
      front(cpu, space, uniform, r, stop);
      r = frontStop();
    }
    if (r < stop && load<u8>(r, 7) >= <u8>RecordType.FLUSH_ALL) r = event(r, end);
    else if (r < stop) drain(cpu);
  }
  return r;
}

function event(r: usize, end: usize): usize {
  const record = load<u64>(r);
  const type = <u32>(record >> 56);
  const value = <u32>record;
  if (type == RecordType.SWITCH_CPU) {
    switchCpu(value);
    return r + 8;
  }
  if (type == RecordType.SWITCH_ASID) {
    asid = value;
    space = spaceOf(value);
    forgetRegions();
    return r + 8;
  }
  const width: usize = type == <u32>RecordType.INVALIDATE_RANGE ? 16 : 8;
  if (isTouching || type > <u32>RecordType.SWITCH_ASID) return r + width;
  // A range whose second half is missing ends the trace.
  if (r + width > end) return end;
  drain(cpu);
  if (sweptSizes != 0) {
    sweepEvent(cpu, space, asid, r);
    return r + width;
  }
  return act(cpu, space, asid, uniform, r);
}

/** Runs what still waits, on every CPU. */
export function finish(): void {
  for (let i: u32 = 0; i < cpusUsed; i++) {
    if (isMade(cpuAt(i))) drain(cpuAt(i));
  }
}

/** References of the only page size, as keys: for those who keep a compiled trace. */
export function replayKeys(keys: usize, count: u32): void {
  const end = keys + ((<usize>count) << 2);
  for (let k = keys; k < end; k += BATCH << 2) {
    const stop = end - k < BATCH << 2 ? end : k + (BATCH << 2);
    if (sweptSizes != 0) sweepBatch(cpu, k, stop);
    else drainUniform(cpu, k, stop);
  }
  counted(cpu, Count.REFERENCES, <u64>count);
}

/** Walks for keys of the only page size as if each had missed: the walk alone. */
export function walkKeys(keys: usize, count: u32): void {
  const end = keys + ((<usize>count) << 2);
  for (let k = keys; k < end; k += BATCH << 2) {
    walkAll(cpu + CpuField.PSCS, cpu + CpuField.COUNTS, uniform, k, end - k < BATCH << 2 ? end : k + (BATCH << 2));
  }
}

/** Writes the keys of records without running them; gives how many there are. Stops at an event. */
export function compileKeys(base: usize, count: u32, to: usize): u32 {
  const end = base + ((<usize>count) << 3);
  let out = to;
  let r = base;
  while (r < end) {
    front(cpu, space, uniform, r, end);
    r = frontStop();
    const queued = (<usize>load<u32>(cpu, CpuField.QUEUED)) << 2;
    memory.copy(out, <usize>load<u32>(cpu, CpuField.QUEUE), queued);
    out += queued;
    store<u32>(cpu, 0, CpuField.QUEUED);
    if (r < end && load<u8>(r, 7) >= <u32>RecordType.FLUSH_ALL) break;
  }
  return <u32>((out - to) >>> 2);
}
