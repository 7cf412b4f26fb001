/**
 * A machine: boot it, set it up, move it step by step, look inside.
 *
 * The machine is deterministic: the same configuration, set-up and schedule give the same bits everywhere. Addresses
 * are numbers of base pages; records are read with the enums of assembly/abi.
 */
import { Area, Base, Run, VIOLATION_AREA, Violation } from "../assembly/abi/layout.js";
import type { Reg } from "../assembly/abi/operands.js";
import {
  Cpu,
  FileRecord,
  Frame,
  Globals,
  Kind,
  Mm,
  Rest,
  Tally,
  USE_MASK,
  USE_SHIFT,
  Vma,
} from "../assembly/abi/records.js";
import { Obligation, Task } from "../assembly/abi/tasks.js";
import { type MachineConfig, writeBoot } from "./boot.js";
import { type Core, openCore } from "./core/core.js";
import { findGeometry, type Geometry } from "./geometry.js";
import { findCall } from "./kernel/calls.js";
import { type CompiledOp, compile } from "./kernel/compile.js";
import type { Call } from "./kernel/listing.js";

export type { MachineConfig, TlbConfig } from "./boot.js";

/** A call with its arguments: addresses in base pages, file ranges in pages of the file. */
export interface CallSpec {
  /** Name of one of `calls`, or a call of your own. */
  readonly call: string | Call;
  readonly args?: Readonly<Record<string, number>>;
}

/** A violation record as the core wrote it. */
export interface RawViolation {
  readonly kind: number;
  readonly step: number;
  readonly agent: number;
  readonly pc: number;
  readonly mm: number;
  readonly start: number;
  readonly level: number;
  readonly flags: number;
  readonly frame: number;
  readonly generation: number;
  readonly holders: number;
  readonly birth: number;
  readonly state: number;
}

function resolveCall(named: string | Call): Call {
  const call = typeof named === "string" ? findCall(named) : named;
  if (call === undefined) throw new RangeError(`there is no call "${named}"`);
  return call;
}

export const callName = (call: string | Call): string => (typeof call === "string" ? call : call.name);

const SETUP_STEPS_MAX = 100_000_000;

export class Machine {
  readonly core: Core;
  readonly geometry: Geometry;
  readonly config: MachineConfig;
  /** Every op loaded so far, by index: what a report prints for a program counter. */
  readonly program: CompiledOp[] = [];
  readonly #entries = new Map<Call, number>();
  #scriptEnd = 0;

  private constructor(config: MachineConfig, geometry: Geometry) {
    this.config = config;
    this.geometry = geometry;
    this.core = config.core ?? openCore(config.module);
    writeBoot(this.core, config, geometry);
    if (this.core.call.bootMachine() === 0) throw new Error("the machine does not fit into memory: ask for less");
    for (let task = 0; task < config.tasks; task++) this.put(this.task(task) + Task.DONE, 1);
    for (let mm = 0; mm < config.mms; mm++) {
      if (this.core.call.newMm(mm) === 0) throw new Error(`no table frame is left for mm ${mm}: ask for more`);
    }
  }

  /** Boots a machine. Throws a RangeError for a geometry that does not exist or counts that are out of range. */
  static boot(config: MachineConfig): Machine {
    const geometry = findGeometry(config.geometry);
    if (geometry === undefined) throw new RangeError(`there is no geometry "${config.geometry}"`);
    const limits: readonly [string, number, number][] = [
      ["cpus", config.cpus, 31],
      ["tasks", config.tasks, 31],
      ["mms", config.mms, 4096],
    ];
    for (const [name, value, most] of limits) {
      if (!Number.isInteger(value) || value < 1 || value > most) {
        throw new RangeError(`${name} must be a whole number from 1 to ${most}, not ${value}`);
      }
    }
    return new Machine(config, geometry);
  }

  // --- words ---

  get(word: number): number {
    return this.core.words()[word] as number;
  }

  put(word: number, value: number): void {
    this.core.words()[word] = value;
  }

  /** A 64-bit value of two words, as a number: exact below 2^53. */
  long(word: number): number {
    const words = this.core.words();
    return (words[word] as number) + (words[word + 1] as number) * 2 ** 32;
  }

  base(field: Base): number {
    return this.get(Area.BASE + field);
  }

  run(field: Run): number {
    return this.get(Area.RUN + field);
  }

  /** Index of a Run word. */
  runWord(field: Run): number {
    return Area.RUN + field;
  }

  setRun(field: Run, value: number): void {
    this.put(Area.RUN + field, value);
  }

  tally(field: Tally): number {
    return this.get(this.base(Base.STATE) + field);
  }

  cpu = (index: number): number => this.base(Base.CPU) + index * Cpu.WORDS;
  mm = (index: number): number => this.base(Base.MM) + index * Mm.WORDS;
  file = (index: number): number => this.base(Base.FILE) + index * this.base(Base.FILE_WORDS);
  vma = (index: number): number => this.base(Base.VMA) + index * Vma.WORDS;
  frame = (index: number): number => this.base(Base.FRAME) + index * Frame.WORDS;
  rest = (index: number): number => this.base(Base.REST) + index * Rest.WORDS;
  task = (index: number): number => this.base(Base.TASK) + index * Task.WORDS;
  obligation = (index: number): number => this.base(Base.OBLIGATION) + index * Obligation.WORDS;

  /** What a frame is used for: a Kind. */
  kind(frame: number): number {
    return this.get(this.frame(frame) + Frame.USE) >>> USE_SHIFT;
  }

  /** Whose a frame is; 0 of a free one. */
  owner(frame: number): number {
    return this.kind(frame) === Kind.FREE ? 0 : this.get(this.frame(frame) + Frame.USE) & USE_MASK;
  }

  /** A register of a task. */
  register(task: number, reg: Reg): number {
    return this.long(this.task(task) + Task.REGISTER + 2 * reg);
  }

  /** Index in `program` of the op that a task does next. */
  pcOf(task: number): number {
    return this.get(this.task(task) + Task.PC);
  }

  obligations(): number {
    return this.get(this.base(Base.STATE) + Tally.WORDS + Globals.OBLIGATIONS);
  }

  // --- programs ---

  /** Compiles a call's listing into the core, once; gives its first op. */
  entry(named: string | Call): number {
    const call = resolveCall(named);
    const known = this.#entries.get(call);
    if (known !== undefined) return known;
    const first = this.program.length;
    const ops = compile(call.listing, this.config.edition, this.config.backend, first);
    if (first + ops.length > (this.config.code ?? 4096))
      throw new RangeError("the listings do not fit into the code region");
    const words = this.core.words();
    const code = this.base(Base.CODE);
    ops.forEach((op, i) => {
      words.set([op.op, ...op.operands], code + 4 * (first + i));
    });
    this.program.push(...ops);
    this.#entries.set(call, first);
    return first;
  }

  /** Writes calls into the script region; gives the words [from, to). */
  #writeScript(calls: readonly CallSpec[], from: number): number {
    const words = this.core.words();
    const script = this.base(Base.SCRIPT);
    let at = from;
    for (const { call: named, args } of calls) {
      const call = resolveCall(named);
      const entry = this.entry(call);
      const given = Object.entries(args ?? {});
      if (at + 2 + 3 * given.length > (this.config.script ?? 1024))
        throw new RangeError("the calls do not fit into the script region");
      words.set([entry, given.length], script + at);
      at += 2;
      for (const [name, value] of given) {
        const reg = call.arguments[name];
        if (reg === undefined) throw new RangeError(`${call.name}() has no argument "${name}"`);
        words.set([reg, value >>> 0, Math.floor(value / 2 ** 32)], script + at);
        at += 3;
      }
    }
    return at;
  }

  /** Gives a task its CPU, mm and calls, and takes it to its first step. */
  assign(task: number, cpu: number, mm: number, calls: readonly CallSpec[]): void {
    const record = this.task(task);
    this.put(record + Task.CPU, cpu);
    this.put(record + Task.MM, mm);
    const from = this.#scriptEnd;
    this.#scriptEnd = this.#writeScript(calls, from);
    this.core.call.loadScript(task, from, this.#scriptEnd);
  }

  /**
   * Runs calls on a CPU for an mm to their end, everything else standing still. Gives the last signal (0: none).
   * In bulk, batches of base pages go in one step and the oracle is not told: for questions of cost, not of safety.
   */
  perform(cpu: number, mm: number, calls: readonly CallSpec[], task = 0, bulk = false): number {
    const record = this.task(task);
    this.put(record + Task.CPU, cpu);
    this.put(record + Task.MM, mm);
    const from = this.#scriptEnd;
    const to = this.#writeScript(calls, from);
    this.core.call.loadScript(task, from, to);
    if (bulk) this.core.call.runInBulk(task, SETUP_STEPS_MAX);
    else this.core.call.runAlone(task, SETUP_STEPS_MAX);
    return this.get(record + Task.SIGNAL);
  }

  /** What the last load or store of a task saw. */
  valueSeen(task = 0): number {
    return this.get(this.task(task) + Task.VALUE);
  }

  setFile(file: number, pages: number, level: number): void {
    this.put(this.file(file) + FileRecord.SIZE, pages);
    this.put(this.file(file) + FileRecord.LEVEL, level);
  }

  // --- results ---

  hash(): string {
    this.core.call.hash();
    return ((BigInt(this.run(Run.HASH + 1)) << 32n) | BigInt(this.run(Run.HASH))).toString(16).padStart(16, "0");
  }

  violations(): RawViolation[] {
    const found: RawViolation[] = [];
    for (let i = 0; i < this.run(Run.VIOLATIONS); i++) {
      const at = VIOLATION_AREA + i * Violation.WORDS;
      const level = this.get(at + Violation.LEVEL);
      found.push({
        kind: this.get(at + Violation.KIND),
        step: this.get(at + Violation.STEP),
        agent: this.get(at + Violation.AGENT),
        pc: this.get(at + Violation.PC),
        mm: this.get(at + Violation.MM),
        start: this.long(at + Violation.START),
        level: level & 255,
        flags: level >>> 8,
        frame: this.get(at + Violation.FRAME),
        generation: this.get(at + Violation.GENERATION),
        holders: this.get(at + Violation.HOLDERS),
        birth: this.get(at + Violation.BIRTH),
        state: this.get(at + Violation.STATE),
      });
    }
    return found;
  }
}
