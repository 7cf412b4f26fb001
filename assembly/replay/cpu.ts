/**
 * One CPU of a replay: its TLB levels, paging-structure caches, filter, queue of references that wait, counters.
 *
 * CPUs share nothing but the page tables, so each has a queue of its own: references of interleaved threads gather
 * there and run in long batches, and only an event makes its CPU's queue run early.
 */
import { Count, Structure } from "../abi/replay";
import { CLASSES, flushLevel, makeLevel, Place, placeOf } from "./level";
import { allocate } from "./memory";
import { flushPsc, makePsc, Psc } from "./psc";

/** References that wait before a batch runs. */
export const BATCH: usize = 2048;
/** Room behind a full batch: one group of four records may straddle into 17 pages each. */
export const SLACK: usize = 128;
export const QUEUE_BYTES: usize = (BATCH + SLACK) << 2;
/** Slots of the filter per class; see filter.ts for why no more than the sets. */
const FILTER_SLOTS: u32 = 64;
const FILTER_BYTES: usize = 256;

export const enum CpuField {
  L1 = 0,
  L2 = 4,
  QUEUE = 8,
  PLACES = 12,
  QUEUED = 16,
  FILTER = 20,
  /** The sweeps of this CPU, by page size; 0 when not asked for. */
  SWEEPS = 24,
  PSCS = 64,
  COUNTS = 128,
  END = 256,
}

/** What the host asked for, by structure: sets, ways; one policy per level. */
const PSCS: usize = <usize>Structure.COUNT - <usize>Structure.PDE;
const sets: usize = allocate((<usize>Structure.COUNT) << 2);
const ways: usize = allocate((<usize>Structure.COUNT) << 2);
const policies: usize = allocate(16);

export function setStructure(which: u32, setCount: u32, wayCount: u32, policy: u32): void {
  store<u32>(sets + ((<usize>which) << 2), setCount);
  store<u32>(ways + ((<usize>which) << 2), wayCount);
  if (which < <u32>Structure.PDE) store<u32>(policies + (which < <u32>Structure.L2 ? 0 : 4), policy);
}

let cpus: usize = 0;
export let cpuCount: u32 = 0;
/** One more than the highest CPU that was used. */
export let cpusUsed: u32 = 0;

/** At most `count` CPUs; each is made when the trace first switches to it. */
export function makeCpus(count: u32): void {
  cpus = allocate(<usize>count * CpuField.END);
  cpuCount = count;
}

/** The CPU, made now if it is new; 0 when there is no such CPU. */
export function openCpu(index: u32): usize {
  if (index >= cpuCount) return 0;
  const cpu = cpuAt(index);
  if (!isMade(cpu)) {
    makeCpu(cpu);
    if (index >= cpusUsed) cpusUsed = index + 1;
  }
  return cpu;
}

export function isMade(cpu: usize): bool {
  return load<u32>(cpu, CpuField.L1) != 0;
}

export function cpuAt(index: u32): usize {
  return cpus + <usize>index * CpuField.END;
}

function makeCpu(cpu: usize): void {
  // Fetches have no second level of their own: the classes above 2 of L2 are those below.
  const sets2 = allocate(CLASSES << 2);
  const ways2 = allocate(CLASSES << 2);
  memory.copy(sets2, sets + (Structure.L2 << 2), 12);
  memory.copy(ways2, ways + (Structure.L2 << 2), 12);
  store<u32>(cpu, <u32>makeLevel(sets, ways, load<u32>(policies)), CpuField.L1);
  store<u32>(cpu, <u32>makeLevel(sets2, ways2, load<u32>(policies, 4)), CpuField.L2);
  store<u32>(cpu, <u32>allocate(QUEUE_BYTES), CpuField.QUEUE);
  store<u32>(cpu, <u32>allocate(QUEUE_BYTES), CpuField.PLACES);
  store<u32>(cpu, <u32>allocate(FILTER_BYTES * CLASSES), CpuField.FILTER);
  for (let i: usize = 0; i < PSCS; i++) {
    const at = (<usize>Structure.PDE + i) << 2;
    const count = load<u32>(sets + at);
    makePsc(cpu + CpuField.PSCS + i * Psc.END, count == 0 ? 1 : count, count == 0 ? 0 : load<u32>(ways + at));
  }
  clearFilter(cpu);
}

export function clearFilter(cpu: usize): void {
  memory.fill(<usize>load<u32>(cpu, CpuField.FILTER), 255, FILTER_BYTES * CLASSES);
}

/** Slots of a class in the filter: classes that share a structure share its slots. */
export function filterOf(cpu: usize, cls: u32): usize {
  const level = <usize>load<u32>(cpu, CpuField.L1);
  const base = load<u32>(placeOf(level, cls), Place.BASE);
  while (cls > 0 && load<u32>(placeOf(level, cls - 1), Place.BASE) == base) cls--;
  return <usize>load<u32>(cpu, CpuField.FILTER) + <usize>cls * FILTER_BYTES;
}

/** How many slots a class has, less one. */
export function filterMask(level: usize, cls: u32): u32 {
  const mask = load<u32>(placeOf(level, cls), Place.MASK);
  return mask < FILTER_SLOTS ? mask : FILTER_SLOTS - 1;
}

export function flushPscs(cpu: usize): void {
  for (let i: usize = 0; i < PSCS; i++) flushPsc(cpu + CpuField.PSCS + i * Psc.END);
}

export function flushCpu(cpu: usize): void {
  flushLevel(<usize>load<u32>(cpu, CpuField.L1));
  flushLevel(<usize>load<u32>(cpu, CpuField.L2));
  flushPscs(cpu);
  clearFilter(cpu);
}

export function counted(cpu: usize, which: usize, amount: u64): void {
  const at = cpu + CpuField.COUNTS + (which << 3);
  store<u64>(at, load<u64>(at) + amount);
}

export function countOf(cpu: u32, which: u32): f64 {
  return <f64>load<u64>(cpuAt(cpu) + CpuField.COUNTS + ((<usize>which) << 3));
}

export const COUNTS_PER_CPU: u32 = Count.COUNT;
