/**
 * Plays a recorded script on the concrete machine: what would a real kernel have done, operation by operation?
 *
 * Protocol
 *   A process is an mm whose main thread sleeps between its operations, its CPU lazy, and runs each of them to the end.
 *   A reader reads one byte in a loop on a CPU of its own: here once after each line of the script, so that its
 *   translation stays in that CPU's TLB until something drops it. A signal ends it.
 *
 * Units: scripts speak of bytes, the machine of base pages. A page's value is one word: the byte at its start.
 * Not modelled: what a process maps before its script begins (FRESH_PTES_KB), races inside an operation.
 */
import { EventKind } from "../../assembly/abi/events.js";
import { Base, Event, Run } from "../../assembly/abi/layout.js";
import { Scope } from "../../assembly/abi/ops.js";
import { Cpu, FileRecord, Mm, Tally, Vma, VmaFlag } from "../../assembly/abi/records.js";
import type { CoreModule } from "../core/core.js";
import { InputError } from "../error.js";
import { pagesOf, spacePages } from "../geometry.js";
import { findBackend } from "../kernel/arch/backends.js";
import type { Edition } from "../kernel/editions.js";
import { Machine } from "../machine.js";
import type { Flush, GoldenScenario, Outcome, ReaderStatus } from "./format.js";
import { type Command, parseCommand, type Range } from "./script.js";

export interface PlayOptions {
  readonly edition: Edition;
  readonly module?: CoreModule;
  /** What an InputError names; the scenario's own name by default. */
  readonly source?: string;
}

/** One invalidation that a CPU made. */
export interface Invalidation {
  readonly cpu: number;
  readonly mm: string;
  /** First byte of the address that was invalidated; "all" is the whole context. */
  readonly address: number | "all";
}

/** What the machine did at one line of the script. */
export interface Played extends Outcome {
  readonly invalidations: readonly Invalidation[];
}

/** CPUs of the recording machine: 0 for housekeeping, 1 to 4 for the script. */
const CPUS = 5;
/** VmPTE of a process that has just begun: the tables of its program, its libraries and its stack. */
const FRESH_PTES_KB = 28;
const PAGE_BYTES = 4096;
const TABLE_KB = 4;
const HUGE_LEVEL = 1;
const EVENTS_MAX = 1 << 17;
/** Pages that one gather takes on before it must flush: a local batch of 8 and 19 of 510. */
const BATCH_PAGES = 9698;

/** Plays a scenario: one result for each of its operations. */
export function playScenario(scenario: GoldenScenario, options: PlayOptions): Played[] {
  const source = options.source ?? scenario.name;
  const commands = scenario.ops.map((op, i) => parseCommand(op.line, source, i + 1));
  const player = new Player(commands, options, source);
  return commands.map((command, i) => player.play(command, i + 1));
}

interface Process {
  readonly index: number;
  readonly cpu: number;
  alive: boolean;
}

interface Reader {
  readonly process: Process;
  readonly cpu: number;
  readonly task: number;
  readonly address: number;
  reading: boolean;
  fault: number;
  value: number;
}

const files = (commands: readonly Command[]): string[] =>
  commands.flatMap((command) => (command.verb === "file" ? [command.file] : []));

const countOf = (commands: readonly Command[], ...verbs: string[]): number =>
  commands.filter((command) => verbs.includes(command.verb)).length;

class Player {
  readonly machine: Machine;
  readonly #source: string;
  readonly #hugeBytes: number;
  readonly #files: readonly string[];
  readonly #processes = new Map<string, Process>();
  readonly #readers = new Map<string, Reader>();
  #line = 0;

  constructor(commands: readonly Command[], options: PlayOptions, source: string) {
    const backend = findBackend("x86");
    if (backend === undefined) throw new Error("there is no x86 back-end");
    const sizes = commands.flatMap((command) => ("size" in command ? [command.size] : []));
    this.#source = source;
    this.#files = files(commands);
    this.machine = Machine.boot({
      geometry: "x86-64",
      edition: options.edition,
      backend,
      cpus: CPUS,
      mms: Math.max(1, countOf(commands, "proc")),
      tasks: Math.max(1, countOf(commands, "proc", "read")),
      files: Math.max(1, this.#files.length),
      filePages: Math.max(1, ...sizes.map((size) => Math.ceil(size / (512 * PAGE_BYTES)))),
      vmas: 8 + 4 * countOf(commands, "mmap", "munmap", "mprotect"),
      tableFrames: 256,
      baseFrames: 4096,
      hugeFrames: 1800,
      obligations: 4096,
      batch: BATCH_PAGES,
      reuse: "immediate",
      pcid: false,
      concrete: true,
      events: EVENTS_MAX,
      ...(options.module === undefined ? {} : { module: options.module }),
    });
    this.#hugeBytes = pagesOf(this.machine.geometry, HUGE_LEVEL) * PAGE_BYTES;
  }

  /** Plays one line, then lets every reader read. */
  play(command: Command, line: number): Played {
    this.#line = line;
    this.machine.core.call.trace(1);
    this.#perform(command);
    const events = this.#events();
    const ptesKb = "process" in command ? this.#ptesKb(this.#process(command.process)) : undefined;
    for (const reader of this.#readers.values()) this.#read(reader);
    if (this.machine.tally(Tally.OVERFLOW) !== 0) throw new Error(`${this.#source}: the machine is too small`);
    return {
      ...events,
      ...(ptesKb === undefined ? {} : { ptesKb }),
      ...(command.verb === "status" ? { status: this.#status(command.process, command.thread) } : {}),
    };
  }

  #refuse(what: string): never {
    const remedy = "leave the scenario out";
    throw new InputError(`${what} is not modelled`, { source: this.#source, line: this.#line, remedy });
  }

  #missing(what: string): never {
    const remedy = "begin it in an earlier line of the scenario";
    throw new InputError(`there is no ${what}`, { source: this.#source, line: this.#line, remedy });
  }

  #process(name: string): Process {
    return this.#processes.get(name) ?? this.#missing(`process ${name}`);
  }

  #reader(process: string, thread: number): Reader {
    return this.#readers.get(`${process} ${thread}`) ?? this.#missing(`thread ${thread} of ${process}`);
  }

  #file(name: string): number {
    const index = this.#files.indexOf(name);
    return index >= 0 ? index : this.#missing(`file ${name}`);
  }

  #perform(command: Command): void {
    switch (command.verb) {
      case "file":
        if (!command.file.startsWith("f")) this.#refuse("a file that is not on hugetlbfs");
        this.machine.setFile(this.#file(command.file), Math.floor(command.size / this.#hugeBytes), HUGE_LEVEL);
        return;
      case "proc":
        this.#processes.set(command.process, { index: this.#processes.size, cpu: command.cpu, alive: true });
        return;
      case "read":
        this.#startReader(command);
        return;
      case "status":
        return;
      case "spin":
      case "park":
      case "quit":
        this.#stopReader(this.#reader(command.process, command.thread), command.verb !== "spin");
        return;
      default:
        this.#call(command, this.#process(command.process));
    }
  }

  #startReader(command: Command & { verb: "read" }): void {
    const process = this.#process(command.process);
    const { cpu, address } = command;
    const task = this.config.mms + this.#readers.size;
    const reader = { process, cpu, task, address, reading: true, fault: 0, value: 0 };
    this.#readers.set(`${command.process} ${command.thread}`, reader);
    this.#wake(cpu, process);
  }

  #stopReader(reader: Reader, sleeps: boolean): void {
    reader.reading = false;
    if (sleeps) this.machine.core.call.goLazy(reader.cpu);
    else this.#wake(reader.cpu, reader.process);
  }

  get config() {
    return this.machine.config;
  }

  #wake(cpu: number, process: Process): void {
    const { machine } = this;
    const record = machine.cpu(cpu);
    const runs = machine.get(record + Cpu.LOADED_MM) === process.index + 1 && machine.get(record + Cpu.LAZY) === 0;
    if (!runs) machine.core.call.loadMm(cpu, process.index);
  }

  /** An operation of a process's main thread, which sleeps before and after. */
  #call(command: Command & { process: string }, process: Process): void {
    if (!process.alive) this.#missing(`process ${command.process} any more`);
    this.#wake(process.cpu, process);
    switch (command.verb) {
      case "mmap":
        this.#mmap(command, process);
        break;
      case "touch":
        this.#touch(command, process);
        break;
      case "munmap":
        this.#run(process, "munmap", pages(command.range));
        break;
      case "dontneed":
        // Up to 5.17 the kernel refuses it for huge pages (EINVAL).
        if (!this.#isHuge(process, command.range)) this.#run(process, "dontneed", pages(command.range));
        break;
      case "mprotect":
        this.#run(process, "mprotect", { ...pages(command.range), prot: this.#prot(command.prot) });
        break;
      case "truncate":
        this.#truncate(this.#file(command.file), command.size, process);
        break;
      case "punch":
        this.#punch(this.#file(command.file), command.range, process);
        break;
      case "exit":
        this.#run(process, "exit", { start: 0, end: spacePages(this.machine.geometry) });
        process.alive = false;
        return;
    }
    this.machine.core.call.goLazy(process.cpu);
  }

  #prot(text: string): number {
    if (text === "rw") return VmaFlag.READ | VmaFlag.WRITE;
    return text === "r" ? VmaFlag.READ : this.#refuse(`the protection ${text}`);
  }

  #mmap(command: Command & { verb: "mmap" }, process: Process): void {
    const prot = this.#prot(command.prot);
    const offset = command.offset / PAGE_BYTES;
    if ((command.file !== undefined) !== command.shared) this.#refuse("a private file or shared anonymous memory");
    const flags = command.shared ? VmaFlag.SHARED | VmaFlag.MAYSHARE | VmaFlag.HUGETLB : 0;
    const file = command.file === undefined ? 0 : this.#file(command.file) + 1;
    this.#run(process, "mmap", { ...pages(command.range), file, offset, flags, prot });
  }

  #touch({ range, step, read }: Command & { verb: "touch" }, process: Process): void {
    for (let k = 0; range[0] + k * step < range[1]; k++) {
      const start = Math.floor((range[0] + k * step) / PAGE_BYTES);
      const signal = read
        ? this.#run(process, "load", { start })
        : this.#run(process, "store", { start, value: (0xa0 + k) & 0xff });
      if (signal !== 0) this.#refuse(`a touch that ends with signal ${signal}`);
    }
  }

  #truncate(file: number, size: number, process: Process): void {
    const start = Math.floor(size / this.#hugeBytes);
    const end = this.machine.get(this.machine.file(file) + FileRecord.SIZE);
    if (start >= end) this.machine.setFile(file, start, HUGE_LEVEL);
    else this.#run(process, "truncate", { file, start, end });
  }

  /** Only whole huge pages inside the range are punched. */
  #punch(file: number, range: Range, process: Process): void {
    const start = Math.ceil(range[0] / this.#hugeBytes);
    const end = Math.floor(range[1] / this.#hugeBytes);
    const size = this.machine.get(this.machine.file(file) + FileRecord.SIZE);
    if (start < Math.min(end, size)) this.#run(process, "punch", { file, start, end: Math.min(end, size) });
  }

  #isHuge(process: Process, range: Range): boolean {
    const { machine } = this;
    for (let i = 0; i < (this.config.vmas ?? 0); i++) {
      const vma = machine.vma(i);
      if (machine.get(vma + Vma.MM) !== process.index + 1) continue;
      if ((machine.get(vma + Vma.FLAGS) & VmaFlag.HUGETLB) === 0) continue;
      const start = machine.long(vma + Vma.START) * PAGE_BYTES;
      if (start < range[1] && range[0] < machine.long(vma + Vma.END) * PAGE_BYTES) return true;
    }
    return false;
  }

  #run(process: Process, call: string, args: Record<string, number>, task = process.index, cpu = process.cpu): number {
    return this.machine.perform(cpu, process.index, [{ call, args }], task);
  }

  #read(reader: Reader): void {
    if (!reader.reading) return;
    const start = Math.floor(reader.address / PAGE_BYTES);
    reader.fault = this.#run(reader.process, "load", { start }, reader.task, reader.cpu);
    reader.reading = reader.fault === 0;
    if (reader.reading) reader.value = this.machine.valueSeen(reader.task);
  }

  #status(process: string, thread: number): ReaderStatus {
    const { fault, reading, value } = this.#reader(process, thread);
    return { fault, reading, value };
  }

  #ptesKb(process: Process): number | undefined {
    if (!process.alive) return undefined;
    return FRESH_PTES_KB + TABLE_KB * this.machine.get(this.machine.mm(process.index) + Mm.TABLES);
  }

  #name(mm: number): string {
    for (const [name, process] of this.#processes) if (process.index === mm) return name;
    throw new Error(`no process has mm ${mm}`);
  }

  /** Flushes and invalidations among the events of the line. */
  #events(): { flushes: Flush[]; invalidations: Invalidation[] } {
    const { machine } = this;
    const count = machine.run(Run.EVENTS);
    if (count >= EVENTS_MAX) throw new Error(`${this.#source}:${this.#line}: the trace is full`);
    const flushes: Flush[] = [];
    const invalidations: Invalidation[] = [];
    for (let i = 0; i < count; i++) {
      const at = machine.base(Base.EVENT) + i * Event.WORDS;
      const kind = machine.get(at + Event.KIND);
      if (kind === EventKind.FLUSH) flushes.push(this.#flush(at));
      if (kind !== EventKind.INVALIDATED) continue;
      const whole = machine.get(at + Event.FRAME) === Scope.CONTEXT;
      const address = whole ? "all" : machine.long(at + Event.START) * PAGE_BYTES;
      const mm = this.#name(machine.get(at + Event.MM));
      invalidations.push({ cpu: machine.get(at + Event.CPU), mm, address });
    }
    return { flushes, invalidations };
  }

  #flush(at: number): Flush {
    const { machine } = this;
    const extra = machine.get(at + Event.EXTRA);
    const start = machine.long(at + Event.START) * PAGE_BYTES;
    const end = machine.long(at + Event.END) * PAGE_BYTES;
    const whole = start === 0 && end === spacePages(machine.geometry) * PAGE_BYTES;
    const pageShift = Math.log2(PAGE_BYTES);
    return {
      mm: this.#name(machine.get(at + Event.MM)),
      range: whole ? "all" : [start, end],
      strideShift: pageShift + Math.log2(pagesOf(machine.geometry, extra & 255)),
      freedTables: ((extra >> 8) & 1) !== 0,
    };
  }
}

/** The arguments of a call on a range of addresses. */
function pages([start, end]: Range): { start: number; end: number } {
  return { start: Math.floor(start / PAGE_BYTES), end: Math.ceil(end / PAGE_BYTES) };
}
