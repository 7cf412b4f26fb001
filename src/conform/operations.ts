/**
 * The operations of a script, by their verbs.
 */
import { type Advice, advise, exitMm, punchFile, truncateFile } from "../sequential/calls.js";
import { access, SIGBUS, SIGSEGV } from "../sequential/fault.js";
import { forkMm } from "../sequential/fork.js";
import { type Prot, protect } from "../sequential/mprotect.js";
import { remap } from "../sequential/mremap.js";
import { down, HUGE, PAGE, up, walk } from "../sequential/tables.js";
import { goLazy, switchTo } from "../sequential/tlb.js";
import { mapRange, mergeAround, splitVma, unmapRange } from "../sequential/vmas.js";
import { type Event, type File, findVma, firstIndex, type Vma } from "../sequential/world.js";
import { type Line, Unsupported } from "./line.js";
import type { Script } from "./play.js";
import { type Process, programOf, type Reader } from "./process.js";

/** What an operation gave. */
export interface Answer {
  readonly process?: Process;
  readonly error?: number;
  readonly ret?: number;
  readonly extra?: string;
  readonly info?: string;
  readonly status?: Reader;
  readonly switches?: readonly Event[];
}

/** A page that every fresh program maps and unmaps, to learn its own name. */
const PROBE = 0x7f0000000000;

export function perform(script: Script, line: Line): Answer {
  switch (line.word(0)) {
    case "sleep":
      return {};
    case "file":
      script.files.set(line.word(1), newFile(line));
      return { info: "ret=0" };
    case "stat":
      return { info: statOf(script) };
    default:
      return line.word(1) === "proc" ? startProcess(script, line) : ofProcess(script, line, processOf(script, line));
  }
}

function newFile(line: Line): File {
  const name = line.word(1);
  return {
    name,
    huge: name.startsWith("f"),
    size: line.number("size"),
    cache: new Map(),
    reserved: new Set(),
    vmas: [],
  };
}

function statOf({ world, calibration }: Script): string {
  const { pool, features } = world;
  const tables = features.countedTables.reduce((sum, level) => sum + (world.tables[level] ?? 0), 0);
  const counts = [
    `PageTables=${calibration.otherTablesKb + 4 * tables}`,
    `HugePages_Total=${pool.total}`,
    `HugePages_Free=${pool.free}`,
    `HugePages_Rsvd=${pool.reserved}`,
    "HugePages_Surp=0",
  ];
  return counts.join(" ");
}

function processOf(script: Script, line: Line): Process {
  const process = script.processes.get(line.word(0));
  if (process === undefined) throw new Unsupported(`${line.word(0)} was never started`);
  return process;
}

function fileOf(script: Script, line: Line): File {
  const file = script.files.get(line.required("file"));
  if (file === undefined) throw new Unsupported(`${line.required("file")} was never made`);
  return file;
}

function startProcess(script: Script, line: Line): Answer {
  const { world } = script;
  const mm = world.newMm(line.word(0));
  const process: Process = { name: mm.name, mm, cpu: line.number("cpu"), forked: false, threads: 0 };
  script.processes.set(mm.name, process);
  programOf(world, mm);
  script.acting(process, () => {
    mapRange(world, mm, { start: PROBE, end: PROBE + PAGE, prot: "rw" });
    access(world, mm, PROBE, 1);
    unmapRange(world, mm, PROBE, PROBE + PAGE);
  });
  return { process };
}

function ofProcess(script: Script, line: Line, process: Process): Answer {
  const thread = ofThread(script, line, process);
  if (thread !== undefined) return thread;
  if (!process.mm.alive) throw new Unsupported(`${process.name} has exited`);
  return script.acting(process, () => ofMain(script, line, process));
}

/** What a further thread does, or what is done to one. */
function ofThread(script: Script, line: Line, process: Process): Answer | undefined {
  const { world } = script;
  const verb = line.word(1);
  if (!/^(spin|park|read|quit|status|pin|loopdn|wait|reap)$/.test(verb)) return undefined;
  if (verb === "reap" || verb === "wait") return { process };
  if (verb === "pin") {
    goLazy(world, process.cpu);
    process.cpu = line.number("cpu");
    return { process, switches: script.run(process.cpu, process) };
  }
  const number = line.number("t");
  let thread = script.readers.find((reader) => reader.process === process && reader.thread === number);
  if (verb === "status") {
    if (thread === undefined) throw new Unsupported(`thread ${number} was never started`);
    return { process, status: thread };
  }
  const cpu = line.option("cpu") === undefined ? undefined : line.number("cpu");
  if (thread === undefined) {
    if (cpu === undefined) throw new Unsupported(`thread ${number} was never started`);
    thread = { process, thread: number, cpu, address: 0, reading: false, fault: 0, value: 0 };
    script.readers.push(thread);
    process.threads++;
  } else if (cpu !== undefined && cpu !== thread.cpu) {
    goLazy(world, thread.cpu);
    thread.cpu = cpu;
  }
  return changeThread(script, line, process, thread);
}

function changeThread(script: Script, line: Line, process: Process, thread: Reader): Answer {
  const { world } = script;
  const verb = line.word(1);
  thread.reading = false;
  if (verb === "park" || verb === "quit") {
    goLazy(world, thread.cpu);
    return { process };
  }
  const switches = script.run(thread.cpu, process);
  if (verb === "read") {
    thread.address = line.number("a");
    thread.reading = true;
  }
  if (verb === "loopdn") {
    const [cpu, address] = [world.cpu, line.number("a")];
    world.cpu = thread.cpu;
    for (let i = 0; i < line.number("n"); i++) {
      access(world, process.mm, address, 1);
      advise(world, process.mm, address, address + PAGE, "dontneed");
    }
    world.cpu = cpu;
    world.events.length = 0;
    goLazy(world, thread.cpu);
    return { process };
  }
  return { process, switches };
}

function ofMain(script: Script, line: Line, process: Process): Answer {
  const { world } = script;
  const { mm } = process;
  switch (line.word(1)) {
    case "mmap":
      return { process, error: map(script, line, process) };
    case "touch":
      return touch(script, line, process);
    case "peek":
      return peek(script, line, process);
    case "munmap":
      return { process, error: unaligned(line) || unmapRange(world, mm, ...pagesOf(line)) };
    case "mprotect":
      return { process, error: protect(world, mm, ...pagesOf(line), line.required("prot") as Prot) };
    case "madvise":
      return { process, error: advise(world, mm, ...pagesOf(line), (line.option("advice") ?? "dontneed") as Advice) };
    case "mremap": {
      const [start, end] = pagesOf(line);
      const length = end - start;
      if (line.option("to") === undefined) throw new Unsupported("mremap without a place");
      return { process, error: remap(world, mm, start, length, line.number("to"), line.number("newlen", length)) };
    }
    case "mlock":
    case "munlock":
      return { process, error: lock(script, line, process) };
    case "truncate":
      truncateFile(world, fileOf(script, line), line.number("size"));
      return { process };
    case "punch": {
      const from = line.number("off");
      punchFile(world, fileOf(script, line), from, from + line.number("len"));
      return { process };
    }
    case "fork":
      return fork(script, line, process);
    case "exit": {
      const { programPages, childPages } = script.calibration;
      exitMm(world, mm, (process.forked ? childPages : programPages) + process.threads);
      return { process };
    }
    default:
      throw new Unsupported(`${line.word(1)} has no rule`);
  }
}

const unaligned = (line: Line): number => (line.range(2)[0] % PAGE === 0 ? 0 : 22);

function pagesOf(line: Line): [number, number] {
  const [start, end] = line.range(2);
  return [down(start, PAGE), up(end, PAGE)];
}

function map(script: Script, line: Line, process: Process): number {
  const [start, end] = line.range(2);
  const file = line.option("file") === undefined ? undefined : fileOf(script, line);
  const prot = line.option("prot") ?? "rw";
  if (prot !== "rw" && prot !== "r" && prot !== "none") throw new Unsupported(`prot=${prot}`);
  return mapRange(script.world, process.mm, {
    start,
    end,
    ...(file === undefined ? {} : { file }),
    offset: line.number("off", 0),
    shared: line.has("shared"),
    huge: line.has("huge"),
    noreserve: line.has("noreserve"),
    prot,
  });
}

function touch(script: Script, line: Line, process: Process): Answer {
  const [start, end] = line.range(2);
  const step = line.number("step", PAGE);
  const read = line.has("read");
  for (let k = 0; start + k * step < end; k++) {
    const signal = access(script.world, process.mm, start + k * step, read ? undefined : (0xa0 + k) & 0xff);
    if (signal === SIGBUS || signal === SIGSEGV) return { process, ret: -1, extra: `sig=${signal} at=${k}` };
  }
  return { process };
}

function peek(script: Script, line: Line, process: Process): Answer {
  const address = line.address(2);
  const signal = access(script.world, process.mm, address);
  if (signal !== 0) return { process, ret: -1, extra: `sig=${signal}` };
  const found = walk(process.mm.root, address);
  const span = found?.level === 1 ? PAGE : HUGE;
  return { process, extra: `val=${address % span === 0 ? (found?.leaf.page.value ?? 0) : 0}` };
}

/** mlock() faults in what is missing; hugetlb VMAs are not marked. */
function lock(script: Script, line: Line, process: Process): number {
  const { world } = script;
  const { mm } = process;
  const [start, end] = pagesOf(line);
  const locked = line.word(1) === "mlock";
  const first = findVma(mm, start);
  if (first === undefined) return 12;
  if (!first.huge) {
    splitVma(world, mm, start);
    splitVma(world, mm, end);
    const vma = mm.vmas[firstIndex(mm, start)] as Vma;
    vma.locked = locked;
    mergeAround(mm, start, end);
  }
  if (!locked) return 0;
  const vma = findVma(mm, start) as Vma;
  const step = vma.huge ? HUGE : PAGE;
  for (let at = start; at < Math.min(end, vma.end); at += step) {
    // Populating a writable private mapping breaks its copies.
    const value = vma.write && !vma.shared ? (walk(mm.root, at)?.leaf.page.value ?? 0) : undefined;
    access(world, mm, at, value);
  }
  return 0;
}

function fork(script: Script, line: Line, process: Process): Answer {
  const { world } = script;
  const mm = forkMm(world, process.mm, line.required("as"));
  const child: Process = { name: mm.name, mm, cpu: line.number("cpu"), forked: true, threads: process.threads };
  script.processes.set(mm.name, child);
  // The child begins on its parent's CPU and then moves to its own.
  switchTo(world, process.cpu, mm);
  goLazy(world, process.cpu);
  switchTo(world, child.cpu, mm);
  goLazy(world, child.cpu);
  return { process };
}
