/**
 * One edition on one machine: performs the steps of a log and keeps the books.
 */
import { Base, Run } from "../../assembly/abi/layout.js";
import { Frame, Globals, Kind, Mm, Tally } from "../../assembly/abi/records.js";
import { Task } from "../../assembly/abi/tasks.js";
import type { Backend } from "../kernel/arch/backends.js";
import { calls } from "../kernel/calls.js";
import type { Edition } from "../kernel/editions.js";
import { type CallSpec, callName, Machine, type RawViolation } from "../machine.js";
import { kindName, severityOf, type ViolationKind } from "../names.js";
import type { Capacity } from "./capacity.js";
import type { EditionResult, ProcessTables, SeenViolation } from "./result.js";
import { isTouch, type Process, type Sink, type Step, type Work } from "./steps.js";

const SCRIPT_WORDS = 1 << 16;
/** Most words of one call in a script: entry, count, and six arguments of three. */
const CALL_WORDS = 20;
const CALLS_PER_SCRIPT = Math.floor(SCRIPT_WORDS / CALL_WORDS);
const TABLE_KIB = 4;
/** Value that stores write: any will do, nobody reads it back. */
const VALUE = 1;

const POOLS = [
  [Globals.FREE_TABLE, "page tables"],
  [Globals.FREE_BASE, "base pages"],
  [Globals.FREE_HUGE, "huge pages"],
] as const;

export class Simulation implements Sink {
  readonly #machine: Machine;
  readonly #edition: Edition;
  readonly #calls: Record<string, number> = {};
  readonly #violations = new Map<ViolationKind, { first: SeenViolation; calls: number }>();
  readonly #peaks = new Map<number, { process: Process; tables: number }>();
  readonly #exhausted = new Set<string>();
  /** Page tables that each mm is charged for. */
  readonly #charged: number[];
  #chargedNow = 0;
  #chargedPeak = 0;
  #tablesPeak = 0;
  #sharersPeak = 0;
  #steps = 0;
  #stepsSeen = 0;
  #milliseconds = 0;

  constructor(edition: Edition, backend: Backend, cpus: number, capacity: Capacity) {
    this.#edition = edition;
    this.#charged = new Array<number>(capacity.mms).fill(0);
    this.#machine = Machine.boot({
      ...capacity,
      geometry: "x86-64",
      edition,
      backend,
      cpus,
      tasks: 1,
      script: SCRIPT_WORDS,
      events: 1,
    });
    for (const { name } of calls) this.#machine.entry(name);
  }

  resize(file: number, pages: number): void {
    this.#machine.setFile(file, pages, 1);
  }

  retire(mm: number): void {
    this.#machine.core.call.retireMm(mm);
  }

  run(step: Step): void {
    const began = performance.now();
    let script: CallSpec[] = [];
    for (const call of callsOf(step.work)) {
      const name = callName(call.call);
      this.#calls[name] = (this.#calls[name] ?? 0) + 1;
      script.push(call);
      if (script.length === CALLS_PER_SCRIPT) {
        this.#perform(step, script);
        script = [];
      }
    }
    if (script.length > 0) this.#perform(step, script);
    this.#readTables(step);
    this.#milliseconds += performance.now() - began;
  }

  #perform(step: Step, script: readonly CallSpec[]): void {
    const machine = this.#machine;
    machine.perform(step.cpu, step.mm, script);
    if (machine.get(machine.task(0) + Task.DONE) !== 1) {
      const at = machine.program[machine.pcOf(0)];
      const where = `in ${this.#edition.name} (${at?.fn}: ${at?.text})`;
      throw new Error(`a defect of the simulator, please report it: line ${step.line} never ends ${where}`);
    }
    const steps = machine.tally(Tally.STEPS);
    // The core counts in 32 bits.
    this.#steps += (steps - this.#stepsSeen) >>> 0;
    this.#stepsSeen = steps;
    if (machine.tally(Tally.VIOLATIONS) !== 0) this.#readViolations(step, script);
    for (const [head, name] of POOLS) {
      if (machine.get(machine.base(Base.STATE) + Tally.WORDS + head) === 0) this.#exhausted.add(name);
    }
  }

  /** Takes what the core has seen and lets it look afresh: it keeps only the first of each kind. */
  #readViolations(step: Step, script: readonly CallSpec[]): void {
    const machine = this.#machine;
    for (const raw of machine.violations()) {
      const kind = kindName(raw.kind);
      const known = this.#violations.get(kind);
      if (known !== undefined) known.calls++;
      else this.#violations.set(kind, { first: this.#describe(kind, raw, step, script), calls: 1 });
    }
    machine.put(machine.base(Base.STATE) + Tally.VIOLATIONS, 0);
    machine.setRun(Run.VIOLATIONS, 0);
  }

  #describe(kind: ViolationKind, raw: RawViolation, step: Step, script: readonly CallSpec[]): SeenViolation {
    const op = this.#machine.program[raw.pc];
    // An interrupt has no place of its own in a listing.
    const isTask = raw.agent === 0 && op !== undefined;
    const entered = calls.filter(({ name }) => this.#machine.entry(name) <= raw.pc);
    const last = callName(script.at(-1)?.call ?? "");
    return {
      kind,
      severity: severityOf(kind),
      line: step.line,
      pid: step.process.pid,
      call: isTask ? (entered.at(-1)?.name ?? last) : last,
      function: isTask ? op.fn : "flush_tlb_func",
      text: isTask ? op.text : "interrupt",
    };
  }

  /** Who is charged for how many tables now; holes and truncates take tables from anybody. */
  #readTables(step: Step): void {
    const machine = this.#machine;
    const isFileCall = step.work.some((work) => !isTouch(work) && (work.call === "truncate" || work.call === "punch"));
    if (isFileCall) for (let mm = 0; mm < this.#charged.length; mm++) this.#readTablesOf(mm);
    else this.#readTablesOf(step.mm);
    const sharing = machine.tally(Tally.SHARED) - machine.tally(Tally.UNSHARED);
    this.#chargedPeak = Math.max(this.#chargedPeak, this.#chargedNow);
    this.#tablesPeak = Math.max(this.#tablesPeak, this.#chargedNow - sharing);
    // More sharers than tables attached in all, and their owner, there cannot be.
    if (sharing > 0 && sharing + 1 > this.#sharersPeak) this.#countSharers();
    const own = this.#charged[step.mm] as number;
    const known = this.#peaks.get(step.process.index);
    if (known === undefined) this.#peaks.set(step.process.index, { process: step.process, tables: own });
    else known.tables = Math.max(known.tables, own);
  }

  #readTablesOf(mm: number): void {
    const charged = this.#machine.get(this.#machine.mm(mm) + Mm.TABLES);
    this.#chargedNow += charged - (this.#charged[mm] as number);
    this.#charged[mm] = charged;
  }

  #countSharers(): void {
    const machine = this.#machine;
    const words = machine.core.words();
    for (let frame = 1; frame <= (machine.config.tableFrames ?? 0); frame++) {
      const record = machine.frame(frame);
      if (machine.kind(frame) !== Kind.TABLE) continue;
      this.#sharersPeak = Math.max(this.#sharersPeak, words[record + Frame.REFERENCES] as number);
    }
    if (this.#sharersPeak === 1) this.#sharersPeak = 0;
  }

  /** The books so far. */
  result(): EditionResult {
    const tally = (field: Tally): number => this.#machine.tally(field);
    const sharing = tally(Tally.SHARED) - tally(Tally.UNSHARED);
    const tables = this.#chargedNow - sharing;
    return {
      edition: this.#edition.name,
      calls: Object.fromEntries(Object.entries(this.#calls).sort(([a], [b]) => (a < b ? -1 : 1))),
      faults: tally(Tally.FAULTS),
      tables: {
        now: tables,
        peak: this.#tablesPeak,
        kibNow: tables * TABLE_KIB,
        kibPeak: this.#tablesPeak * TABLE_KIB,
        chargedNow: this.#chargedNow,
        chargedPeak: this.#chargedPeak,
        chargedKibNow: this.#chargedNow * TABLE_KIB,
        chargedKibPeak: this.#chargedPeak * TABLE_KIB,
        freed: tally(Tally.TABLES_FREED),
      },
      sharing: { attached: tally(Tally.SHARED), detached: tally(Tally.UNSHARED), sharersPeak: this.#sharersPeak },
      flushes: { asked: tally(Tally.FLUSHES), full: tally(Tally.FULL_FLUSHES), broadcasts: tally(Tally.TLBIS) },
      ipis: tally(Tally.IPIS),
      pagesFreed: tally(Tally.PAGES_FREED),
      violations: [...this.#violations.values()].map(({ first, calls }) => ({ ...first, calls })),
      processes: this.#processes(),
      steps: this.#steps,
      seconds: this.#milliseconds / 1000,
      bounded: this.#bounded(),
    };
  }

  #processes(): ProcessTables[] {
    const peaks = [...this.#peaks.values()].sort((a, b) => a.process.index - b.process.index);
    return peaks.map(({ process, tables }) => ({ pid: process.pid, line: process.line, peakKib: tables * TABLE_KIB }));
  }

  #bounded(): string[] {
    const lost = this.#machine.tally(Tally.OVERFLOW);
    const reasons = [...this.#exhausted].map((name) => `the machine ran out of ${name}`);
    if (lost > 0)
      reasons.push(`the oracle had no room for ${lost} flush obligations: choose a touch policy that touches less`);
    return reasons;
  }
}

function* callsOf(works: readonly Work[]): Generator<CallSpec> {
  for (const work of works) {
    if (!isTouch(work)) {
      yield work;
      continue;
    }
    const { from, to, unit, isStore } = work;
    for (let page = from; page < to; page += unit) {
      yield isStore ? { call: "store", args: { start: page, value: VALUE } } : { call: "load", args: { start: page } };
    }
  }
}
