/**
 * The operations of a script, by their verbs.
 */
import { ADVICES, type Advice, advise, exitMm, punchFile, truncateFile } from "../sequential/calls.js";
import { access, SIGBUS, SIGSEGV } from "../sequential/fault.js";
import { forkMm } from "../sequential/fork.js";
import { type Prot, protect } from "../sequential/mprotect.js";
import { remap } from "../sequential/mremap.js";
import { down, HUGE, PAGE, up, walk } from "../sequential/tables.js";
import { goLazy, switchTo } from "../sequential/tlb.js";
import { mapRange, mergeAround, splitVma, unmapRange } from "../sequential/vmas.js";
import { type Event, type File, findVma, firstIndex, type Mm, type Vma, type World } from "../sequential/world.js";
import { type Line, Unsupported } from "./line.js";
import { migrateAll, movePagesOf } from "./move.js";
import type { Script } from "./play.js";
import { type Process, programOf, type Reader } from "./process.js";
import { ofThread } from "./threads.js";

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
const EEXIST = 17;

export function perform(script: Script, line: Line): Answer {
  const cpu = line.number("cpu", 0);
  if (cpu >= script.world.cpus.length) throw new Unsupported(`there was no CPU ${cpu} on the recording machine`);
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
      return { process, error: unaligned(line) || protect(world, mm, ...pagesOf(line), protOf(line.required("prot"))) };
    case "madvise":
      return { process, error: unaligned(line) || advise(world, mm, ...pagesOf(line), adviceOf(line)) };
    case "mremap": {
      const [start, end] = pagesOf(line);
      const length = end - start;
      const newLength = up(line.number("newlen", length), PAGE);
      if (line.option("to") === undefined) return { process, error: resize(world, mm, start, length, newLength) };
      return { process, error: unaligned(line) || remap(world, mm, start, length, line.number("to"), newLength) };
    }
    case "mlock":
    case "munlock":
      return { process, error: lock(script, line, process) };
    case "truncate":
      return { process, error: truncateFile(world, fileOf(script, line), line.number("size")) };
    case "punch": {
      const from = line.number("off");
      punchFile(world, fileOf(script, line), from, from + line.number("len"));
      return { process };
    }
    case "fork":
      return fork(script, line, process);
    case "movepages":
      return movePagesOf(script, line, process);
    case "migrate":
      return migrateAll(script, line, process);
    case "exit": {
      const { programPages, childPages } = script.calibration;
      exitMm(world, mm, (process.forked ? childPages : programPages) + process.threads);
      return { process };
    }
    default:
      throw new Unsupported(`${line.word(1)} has no rule`);
  }
}

function adviceOf(line: Line): Advice {
  const advice = line.option("advice") ?? "dontneed";
  const known = ADVICES.find((name) => name === advice);
  if (known === undefined) throw new Unsupported(`advice=${advice}`);
  return known;
}

/** mremap() without a place: what is too long goes, and what is missing is added where there is room. */
function resize(world: World, mm: Mm, start: number, length: number, newLength: number): number {
  if (newLength < length) return unmapRange(world, mm, start + newLength, start + length);
  if (newLength === length) return 0;
  const index = firstIndex(mm, start);
  const vma = mm.vmas[index];
  const next = mm.vmas[index + 1]?.start ?? Number.MAX_SAFE_INTEGER;
  if (vma === undefined || vma.start > start) return 14;
  if (vma.end !== start + length || next < start + newLength || vma.huge) {
    throw new Unsupported("mremap to a place that the kernel chooses");
  }
  vma.end = start + newLength;
  mergeAround(mm, vma.start, vma.end);
  return 0;
}

const unaligned = (line: Line): number => (line.range(2)[0] % PAGE === 0 ? 0 : 22);

function pagesOf(line: Line): [number, number] {
  const [start, end] = line.range(2);
  return [down(start, PAGE), up(end, PAGE)];
}

function map(script: Script, line: Line, process: Process): number {
  const [start, end] = line.range(2);
  const file = line.option("file") === undefined ? undefined : fileOf(script, line);
  const prot = protOf(line.option("prot") ?? "rw");
  // Without `over` the recorder asks for a place that has to be free (MAP_FIXED_NOREPLACE).
  const taken = process.mm.vmas[firstIndex(process.mm, start)];
  if (!line.has("over") && taken !== undefined && taken.start < end) return EEXIST;
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

function protOf(prot: string): Prot {
  if (prot !== "rw" && prot !== "r" && prot !== "none") throw new Unsupported(`prot=${prot}`);
  return prot;
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
  for (let at = start; at < end; ) {
    const vma = findVma(mm, at);
    if (vma === undefined) return 12;
    const to = Math.min(end, vma.end);
    if (!vma.huge && vma.locked !== locked) {
      splitVma(world, mm, at);
      splitVma(world, mm, to);
      (mm.vmas[firstIndex(mm, at)] as Vma).locked = locked;
      mergeAround(mm, at, to);
    }
    at = to;
  }
  for (let at = start; locked && at < end; ) {
    const vma = findVma(mm, at) as Vma;
    // Populating a writable private mapping breaks its copies.
    const value = vma.write && !vma.shared ? (walk(mm.root, at)?.leaf.page.value ?? 0) : undefined;
    // Nobody may use it, so it cannot be brought in; what came before stays.
    if (vma.none) return 12;
    access(world, mm, at, value);
    at += vma.huge ? HUGE : PAGE;
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
