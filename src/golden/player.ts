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
import { Cpu, FileRecord, Mm, Tally, Vma, VmaFlag } from "../../assembly/abi/records.js";
import { Task } from "../../assembly/abi/tasks.js";
import { InputError } from "../error.js";
import { spacePages } from "../geometry.js";
import type { Machine } from "../machine.js";
import { bootFor, CPUS, filesOf, HUGE_LEVEL, hugeBytes, PAGE_BYTES, type PlayOptions } from "./boot.js";
import type { GoldenScenario, Outcome, ReaderStatus } from "./format.js";
import { type Command, parseCommand, type Range } from "./script.js";
import { readTrace, type Traced } from "./trace.js";

/** What the machine did at one line of the script. */
export type Played = Outcome & Traced;

/** VmPTE of a process that has just begun: the tables of its program, its libraries and its stack. */
const FRESH_PTES_KB = 28;
const TABLE_KB = 4;

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

interface Thread {
  readonly process: Process;
  readonly cpu: number;
  readonly task: number;
  readonly address: number;
  reading: boolean;
  fault: number;
  value: number;
}

class Player {
  readonly machine: Machine;
  readonly #source: string;
  readonly #hugeBytes: number;
  readonly #files: readonly string[];
  readonly #processes = new Map<string, Process>();
  readonly #threads = new Map<string, Thread>();
  #line = 0;

  constructor(commands: readonly Command[], options: PlayOptions, source: string) {
    this.#source = source;
    this.#files = filesOf(commands);
    this.machine = bootFor(commands, options);
    this.#hugeBytes = hugeBytes(this.machine);
  }

  /** Plays one line, then lets every reader read. */
  play(command: Command, line: number): Played {
    this.#line = line;
    this.machine.core.call.trace(1);
    this.#perform(command);
    const traced = readTrace(this.machine, (mm) => this.#name(mm));
    const ptesKb = "process" in command ? this.#ptesKb(this.#process(command.process)) : undefined;
    for (const thread of this.#threads.values()) this.#read(thread);
    if (this.machine.tally(Tally.OVERFLOW) !== 0) throw new Error(`${this.#source}: the machine is too small`);
    return {
      ...traced,
      ...(ptesKb === undefined ? {} : { ptesKb }),
      ...(command.verb === "status" ? { status: this.#status(command.process, command.thread) } : {}),
    };
  }

  #refuse(what: string): never {
    const remedy = "leave the scenario out";
    throw new InputError(`${what} is not modelled`, { source: this.#source, line: this.#line, remedy });
  }

  #missing(what: string): never {
    const remedy = "name one that the scenario has";
    throw new InputError(`there is no ${what}`, { source: this.#source, line: this.#line, remedy });
  }

  #process(name: string): Process {
    return this.#processes.get(name) ?? this.#missing(`process ${name}`);
  }

  #thread(process: string, thread: number): Thread {
    return this.#threads.get(`${process} ${thread}`) ?? this.#missing(`thread ${thread} of ${process}`);
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
        this.#startProcess(command);
        return;
      case "read": {
        const name = `${command.process} ${command.thread}`;
        this.#startThread(this.#process(command.process), name, command.cpu, command.address);
        return;
      }
      case "stat":
      case "sleep":
      case "status":
        return;
      case "spin":
      case "park":
      case "quit":
        this.#changeThread(command);
        return;
      default:
        this.#call(command, this.#process(command.process));
    }
  }

  #startProcess({ process, cpu }: Command & { verb: "proc" }): void {
    if (cpu >= CPUS) this.#missing(`CPU ${cpu}`);
    if (this.#processes.has(process)) this.#refuse(`a second ${process}`);
    this.#processes.set(process, { index: this.#processes.size, cpu, alive: true });
  }

  #startThread(process: Process, name: string, cpu: number, address: number | undefined): void {
    if (cpu >= CPUS) this.#missing(`CPU ${cpu}`);
    const task = this.machine.config.mms + this.#threads.size;
    const reading = address !== undefined;
    this.#threads.set(name, { process, cpu, task, address: address ?? 0, reading, fault: 0, value: 0 });
    this.#wake(cpu, process);
  }

  /** A thread that spins keeps its CPU in the mm; one that sleeps or has quit leaves it lazy. */
  #changeThread(command: Extract<Command, { thread: number }>): void {
    const name = `${command.process} ${command.thread}`;
    if ("cpu" in command && command.cpu !== undefined) {
      this.#startThread(this.#process(command.process), name, command.cpu, undefined);
    }
    const thread = this.#thread(command.process, command.thread);
    thread.reading = false;
    if (command.verb === "spin") this.#wake(thread.cpu, thread.process);
    else this.machine.core.call.goLazy(thread.cpu);
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
    for (let i = 0; i < (machine.config.vmas ?? 0); i++) {
      const vma = machine.vma(i);
      if (machine.get(vma + Vma.MM) !== process.index + 1) continue;
      if ((machine.get(vma + Vma.FLAGS) & VmaFlag.HUGETLB) === 0) continue;
      const start = machine.long(vma + Vma.START) * PAGE_BYTES;
      if (start < range[1] && range[0] < machine.long(vma + Vma.END) * PAGE_BYTES) return true;
    }
    return false;
  }

  #run(process: Process, call: string, args: Record<string, number>, task = process.index, cpu = process.cpu): number {
    const { machine } = this;
    const signal = machine.perform(cpu, process.index, [{ call, args }], task);
    if (machine.get(machine.task(task) + Task.DONE) === 0) throw new Error(`${this.#source}:${this.#line}: stuck`);
    return signal;
  }

  #read(thread: Thread): void {
    if (!thread.reading) return;
    this.#wake(thread.cpu, thread.process);
    const start = Math.floor(thread.address / PAGE_BYTES);
    thread.fault = this.#run(thread.process, "load", { start }, thread.task, thread.cpu);
    thread.reading = thread.fault === 0;
    if (thread.reading) thread.value = this.machine.valueSeen(thread.task);
  }

  #status(process: string, thread: number): ReaderStatus {
    const { fault, reading, value } = this.#thread(process, thread);
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
}

/** The arguments of a call on a range of addresses. */
function pages([start, end]: Range): { start: number; end: number } {
  return { start: Math.floor(start / PAGE_BYTES), end: Math.ceil(end / PAGE_BYTES) };
}
