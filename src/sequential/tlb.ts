/**
 * arch/x86/mm/tlb.c without PCID: generations, lazy CPUs, who is interrupted and what each CPU then drops.
 *
 * Reference: kernel sources of 5.10, 6.1 and 7.0 [S: kernel.md 4.1]; the order of events by edition [R].
 */
import { PAGE } from "./tables.js";
import { type Cpu, hex, type Mm, type World } from "./world.js";

export const ALL = Number.POSITIVE_INFINITY;

interface Info {
  readonly mm: Mm;
  readonly start: number;
  /** ALL when the whole mm goes. */
  readonly end: number;
  readonly shift: number;
  readonly tables: boolean;
  readonly generation: number;
}

const strides = (start: number, end: number, shift: number): number => Math.floor((end - start) / 2 ** shift);

/** flush_tlb_mm_range(): [start, end), or the whole mm when `end` is ALL. */
export function flushMmRange(world: World, mm: Mm, start: number, end: number, shift: number, tables: boolean): void {
  const range = end === ALL ? ["ALL", ""] : [hex(start), hex(end)];
  world.trace("flush", mm.name, ...range, shift, tables ? 1 : 0);
  const whole = end === ALL || strides(start, end, shift) > world.ceiling;
  mm.generation++;
  const info = { mm, start: whole ? 0 : start, end: whole ? ALL : end, shift, tables, generation: mm.generation };
  const self = world.cpuAt(world.cpu);
  const others = [...mm.cpus].some((cpu) => cpu !== self.number);
  if (world.features.flushTogether) {
    if (others) flushMulti(world, info);
    else if (self.loaded === mm) flushOn(world, self, info, "local");
    return;
  }
  if (self.loaded === mm) flushOn(world, self, info, "local");
  if (others) flushOthers(world, info);
}

function traceIpi(world: World, info: Info): void {
  world.trace("ipi", info.end === ALL ? -1 : (info.end - info.start) / PAGE);
}

/** CPUs of the mask in order of their numbers, which is the order of simultaneous events in a recording. */
const maskOf = (world: World, mm: Mm): Cpu[] => [...mm.cpus].sort((a, b) => a - b).map((cpu) => world.cpuAt(cpu));

/** Whether a CPU is interrupted by a flush that frees no table. */
function isAsked(world: World, cpu: Cpu, mm: Mm): boolean {
  return !cpu.lazy && (!world.features.lazyMask || cpu.loaded === mm);
}

/** Since 5.13 the initiator flushes while the others do. */
function flushMulti(world: World, info: Info): void {
  traceIpi(world, info);
  for (const cpu of maskOf(world, info.mm)) {
    const self = cpu.number === world.cpu;
    if (!info.tables && !isAsked(world, cpu, info.mm)) continue;
    if (self && cpu.loaded !== info.mm) continue;
    flushOn(world, cpu, info, self ? "local" : "remote");
  }
}

/** Before: first the initiator, then the rest; without freed tables the initiator's own CPU is asked again. */
function flushOthers(world: World, info: Info): void {
  traceIpi(world, info);
  for (const cpu of maskOf(world, info.mm)) {
    if (info.tables ? cpu.number === world.cpu : cpu.lazy) continue;
    flushOn(world, cpu, info, "remote");
  }
}

/** flush_tlb_func() on one CPU. */
function flushOn(world: World, cpu: Cpu, info: Info, how: "local" | "remote"): void {
  const { mm } = info;
  if (cpu.loaded !== mm) {
    if (world.features.lazyMask) {
      mm.cpus.delete(cpu.number);
      world.trace("wrong_cpu", cpu.number, 0, info.generation);
    }
    return;
  }
  if (cpu.lazy) {
    leaveMm(cpu);
    world.trace("lazy", cpu.number, info.generation);
    return;
  }
  if (cpu.generation === mm.generation) {
    if (world.features.quietWhenCurrent) world.trace("func", cpu.number, mm.generation);
    else world.trace(how, cpu.number, 0, mm.generation);
    return;
  }
  const partial = info.end !== ALL && info.generation === cpu.generation + 1 && info.generation === mm.generation;
  if (partial) dropRange(cpu, info);
  else cpu.tlb = [];
  const pages = partial ? strides(info.start, info.end, info.shift) : -1;
  cpu.generation = mm.generation;
  world.trace(how, cpu.number, pages, mm.generation);
}

/**
 * try_to_unmap_flush(): every CPU of the batch drops everything; a lazy one when it wakes. An event "of" says whose
 * generation the next one counts.
 */
export function flushBatch(world: World): void {
  const owed = [...world.batch].sort((a, b) => a - b);
  world.batch.clear();
  const others = owed.some((cpu) => cpu !== world.cpu);
  if (others) world.trace("ipi", -1);
  for (const number of owed) {
    const cpu = world.cpuAt(number);
    const mm = cpu.loaded;
    if (mm === undefined || cpu.lazy) continue;
    world.trace("of", mm.name);
    if (cpu.generation === mm.generation) {
      if (world.features.quietWhenCurrent) world.trace("func", number, mm.generation);
      continue;
    }
    cpu.tlb = [];
    cpu.generation = mm.generation;
    world.trace(number === world.cpu ? "local" : "remote", number, -1, mm.generation);
  }
}

/** One INVLPG a stride: what it names goes, whatever its size. */
function dropRange(cpu: Cpu, { start, end, shift }: Info): void {
  if (cpu.tlb.length === 0) return;
  for (let address = start; address < end; address += 2 ** shift) {
    cpu.tlb = cpu.tlb.filter((entry) => address < entry.start || address >= entry.start + entry.bytes);
  }
}

/** A CPU switches to the kernel's own mm; without PCID its translations go. */
function leaveMm(cpu: Cpu): void {
  cpu.loaded?.cpus.delete(cpu.number);
  cpu.loaded = undefined;
  cpu.lazy = false;
  cpu.tlb = [];
}

/** A task of the mm begins to run on a CPU. True when that flushed the TLB. */
export function switchTo(world: World, number: number, mm: Mm): boolean {
  const cpu = world.cpuAt(number);
  if (cpu.loaded === mm) {
    cpu.lazy = false;
    if (cpu.generation === mm.generation) return false;
  } else {
    if (!world.features.lazyMask) cpu.loaded?.cpus.delete(number);
    cpu.loaded = mm;
    cpu.lazy = false;
    mm.cpus.add(number);
  }
  cpu.generation = mm.generation;
  cpu.tlb = [];
  return true;
}

/** The CPU's task sleeps: the idle task keeps the mm loaded, lazily. */
export function goLazy(world: World, number: number): void {
  const cpu = world.cpuAt(number);
  if (cpu.loaded !== undefined) cpu.lazy = true;
}

/** The mm is gone: no CPU keeps it loaded. */
export function dropMm(world: World, mm: Mm): void {
  for (const cpu of world.cpus) if (cpu.loaded === mm) leaveMm(cpu);
  mm.cpus.clear();
}
