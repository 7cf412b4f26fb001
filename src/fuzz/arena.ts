/**
 * An arena: a machine made for fuzzing, its size, the calls that programs draw from, one batch of runs after another.
 *
 * The machine is the same for every program: what a program uses of it, its bytes say.
 */
import {
  CALL_BYTES,
  CALLS_MAX,
  CallEntry,
  FUZZ_CPUS,
  FUZZ_FILES,
  FUZZ_MMS,
  FUZZ_TASKS,
  FuzzMode,
  FuzzWord,
  HEADER,
  NO_LINE,
  SETUP_MAX,
  Strategy,
} from "../../assembly/abi/fuzz.js";
import type { Core, CoreModule } from "../core/core.js";
import { avoidsPcid } from "../explore/stage.js";
import type { Backend } from "../kernel/arch/backends.js";
import type { Edition } from "../kernel/editions.js";
import { Machine, type MachineConfig } from "../machine.js";
import { kindName, kindNumber, type Severity, severityOf, type ViolationKind, violationKinds } from "../names.js";
import { entryWords, randomCalls, themeOf, themes } from "./table.js";

/** Room for everything that three tasks can do at once: 13 tables an mm is all that its address space can use. */
export const ROOM = {
  geometry: "tiny",
  cpus: FUZZ_CPUS,
  mms: FUZZ_MMS,
  tasks: FUZZ_TASKS,
  files: FUZZ_FILES,
  filePages: 4,
  vmas: 14,
  tableFrames: 40,
  baseFrames: 8,
  hugeFrames: 10,
  obligations: 32,
  /** Listings of all calls; arm64 in 7.1 takes more than the 4,096 ops of a scenario. */
  code: 16384,
} as const satisfies Partial<MachineConfig>;

export const STEPS_MAX = 1500;
/** Most steps of a run of a scenario: up to here the core remembers which op each step was. */
export const RACE_STEPS = 4000;
/** What stands for the line of an interrupt. */
export const INTERRUPT_LINE = 0xffff;

export const strategies = ["portfolio", "uniform", "pct", "pos", "urw", "starve"] as const;
export type StrategyName = (typeof strategies)[number];
const strategyNumbers: Readonly<Record<StrategyName, Strategy>> = {
  portfolio: Strategy.PORTFOLIO,
  uniform: Strategy.UNIFORM,
  pct: Strategy.PCT,
  pos: Strategy.POS,
  urw: Strategy.URW,
  starve: Strategy.STARVE,
};

export const modes = {
  random: FuzzMode.RANDOM,
  guided: FuzzMode.GUIDED,
  fixed: FuzzMode.FIXED,
  same: FuzzMode.SAME,
} as const;

/** Kinds that a campaign keeps: all that a machine without concrete TLBs can report. */
export const KINDS: readonly ViolationKind[] = [
  "FLUSH_AFTER_UNLOCK",
  "RANGE_NOT_RECORDED",
  "RIGHTS_OUTLIVE_CALL",
  "STALE_TRANSLATION",
  "STALE_WALK",
  "MOVED_WRONG",
  "UNBALANCED",
  "LOCK_NOT_HELD",
  "LOCK_ORDER",
  "DEADLOCK",
  "OOPS",
  "WRITE_LOST",
  "WALKER_INSIDE",
];

export interface ArenaOptions {
  readonly edition: Edition;
  readonly backend: Backend;
  readonly module?: CoreModule;
  readonly core?: Core;
}

export interface Batch {
  readonly runs: number;
  readonly steps: number;
  readonly programs: number;
  /** Findings that the last run of the batch was the first to show. */
  readonly found: number;
}

/** A fuzzing machine, or the fuzzer's words on a machine that is staged already. */
export class Arena {
  readonly machine: Machine;
  readonly #block: number;

  constructor(machine: Machine) {
    this.machine = machine;
    if (machine.core.call.fuzzStart() === 0) throw new Error("the fuzzer does not fit into memory");
    this.#block = machine.core.call.fuzzBlock();
    this.set(FuzzWord.STEPS_MAX, STEPS_MAX);
    this.set(FuzzWord.SCHEDULES, 4);
    this.set(FuzzWord.DEPTH, 3);
    this.watch(KINDS);
  }

  /** The kinds of violation that become findings. */
  watch(kinds: readonly ViolationKind[]): void {
    const bits = (some: readonly ViolationKind[]): number => some.reduce((b, kind) => b | (1 << kindNumber(kind)), 0);
    this.set(FuzzWord.KINDS, bits(kinds));
    this.set(FuzzWord.HARM, bits(kinds.filter((kind) => severityOf(kind) === "harm")));
  }

  /** The fuzzer on a machine that is staged: only schedules are drawn. */
  static on(machine: Machine): Arena {
    const arena = new Arena(machine);
    arena.watch(violationKinds);
    arena.#writeLines();
    arena.set(FuzzWord.MODE, modes.fixed);
    arena.set(FuzzWord.STEPS_MAX, RACE_STEPS);
    return arena;
  }

  /** A machine for random programs. */
  static boot(options: ArenaOptions): Arena {
    const machine = Machine.boot({ ...ROOM, ...options });
    const entries = randomCalls.map((call) => machine.entry(call));
    const arena = new Arena(machine);
    arena.#writeTable(entries);
    arena.set(FuzzWord.AVOIDS_PCID, avoidsPcid(options.edition) ? 1 : 0);
    arena.#writeLines();
    return arena;
  }

  get(field: FuzzWord): number {
    return this.machine.get(this.#block + field);
  }

  set(field: FuzzWord, value: number): void {
    this.machine.put(this.#block + field, value);
  }

  long(field: FuzzWord): number {
    return this.machine.long(this.#block + field);
  }

  setLong(field: FuzzWord, value: bigint): void {
    this.set(field, Number(value & 0xffffffffn));
    this.set(field + 1, Number((value >> 32n) & 0xffffffffn));
  }

  bigLong(field: FuzzWord): bigint {
    return (BigInt(this.get(field + 1)) << 32n) | BigInt(this.get(field));
  }

  /** Never zero: the random numbers would stay there. */
  seed(seed: number): void {
    const mixed = BigInt.asUintN(64, (BigInt(seed) + 1n) * 0x9e3779b97f4a7c15n + 0xd1b54a32d192ed03n);
    this.setLong(FuzzWord.RNG, mixed === 0n ? 1n : mixed);
  }

  choose(strategy: StrategyName, depth = 3): void {
    this.set(FuzzWord.STRATEGY, strategyNumbers[strategy]);
    this.set(FuzzWord.DEPTH, depth);
  }

  #writeTable(entries: readonly number[]): void {
    const words = this.machine.core.words();
    const table = this.get(FuzzWord.TABLE);
    randomCalls.forEach((call, i) => {
      words.set(entryWords(call, entries[i] as number), table + i * CallEntry.WORDS);
    });
    const lists = themes.flatMap(({ calls, builders }) => [calls, builders]);
    lists.forEach((list, i) => {
      const numbers = list.map((call) => randomCalls.indexOf(call));
      words.set([numbers.length, ...numbers], this.get(FuzzWord.LISTS) + i * (1 + CALLS_MAX));
    });
    this.set(
      FuzzWord.MIRROR,
      randomCalls.findIndex((call) => call.name === "kvm-create"),
    );
  }

  /** Ops of one line of one function have one number, wherever the function was spliced in. */
  #writeLines(): void {
    const numbers = new Map<string, number>();
    const at = this.get(FuzzWord.LINES) * 4;
    const lines = new Uint16Array(this.machine.core.bytes().buffer, at, this.machine.program.length);
    this.machine.program.forEach((op, pc) => {
      const key = `${op.file} ${op.fn} ${op.text}`;
      const number = numbers.get(key) ?? pc;
      numbers.set(key, number);
      lines[pc] = number;
    });
  }

  /** Number of the line that an op belongs to, as signatures have it. */
  lineOf(pc: number): number {
    if (pc >= INTERRUPT_LINE) return INTERRUPT_LINE;
    const word = this.machine.get(this.get(FuzzWord.LINES) + (pc >> 1));
    return (word >>> (16 * (pc & 1))) & 0xffff;
  }

  /** What a line number of a signature stands for. */
  lineName(line: number): string {
    if (line === INTERRUPT_LINE) return "flush interrupt";
    if (line === NO_LINE) return "";
    const op = this.machine.program[line];
    return op === undefined ? "" : `${op.fn}: ${op.text}`;
  }

  /** Violations of the last run. */
  violations(): { kind: ViolationKind; severity: Severity; step: number; where: string }[] {
    return this.machine.violations().map((violation) => {
      const kind = kindName(violation.kind);
      const where = this.lineName(violation.pc === 0xffffffff ? 0xffff : violation.pc);
      return { kind, severity: severityOf(kind), step: violation.step, where };
    });
  }

  /** Makes up to `runs` runs; fewer when one shows something new. */
  run(runs: number): Batch {
    this.set(FuzzWord.WANTED, runs);
    const found = this.machine.core.call.fuzzRuns();
    return {
      runs: this.get(FuzzWord.RUNS),
      steps: this.long(FuzzWord.STEPS),
      programs: this.get(FuzzWord.PROGRAMS),
      found,
    };
  }

  /** Writes an input; what is longer than the core reads is cut. */
  write(bytes: Uint8Array): void {
    const at = this.get(FuzzWord.INPUT) * 4;
    const read = bytes.subarray(0, 4096);
    this.machine.core.bytes().set(read, at);
    this.set(FuzzWord.LENGTH, read.length);
  }

  /** The input as it was run, calls by their own numbers, with the schedule that the last run followed. */
  read(): Uint8Array {
    const from = this.get(FuzzWord.INPUT) * 4;
    const program = this.machine.core.bytes().slice(from, from + this.get(FuzzWord.SCHEDULE_AT));
    const setups = (program[5] as number) % (SETUP_MAX + 1);
    const { calls, builders } = themeOf(program[0] as number);
    for (let at = HEADER, i = 0; at < program.length; at += CALL_BYTES, i++) {
      program[at] = (program[at] as number) % (i < setups ? builders : calls).length;
    }
    return Uint8Array.from([...program, ...this.followed()]);
  }

  /** The schedule that the last run followed. */
  followed(): Uint8Array {
    const at = this.get(FuzzWord.SCHEDULE) * 4;
    return this.machine.core.bytes().slice(at, at + this.get(FuzzWord.SCHEDULE_USED));
  }
}
