/**
 * Golden files: what a real kernel did, operation by operation ("kt-golden/1").
 *
 * Repeats of a scenario that disagree leave several outcomes of an operation; each of them really happened.
 *
 * Units: addresses in bytes, page tables in kB, as recorded. Format: test/fixtures/golden/README.md.
 */
import { excerpt, InputError } from "../error.js";

export interface GoldenFile {
  /** Name of the kernel. */
  readonly label: string;
  readonly scenarios: readonly GoldenScenario[];
}

export interface GoldenScenario {
  readonly name: string;
  readonly ops: readonly GoldenOp[];
}

export interface GoldenOp {
  /** The line of the script. */
  readonly line: string;
  /** What was seen: one outcome when all repeats agreed. */
  readonly outcomes: readonly Outcome[];
}

/** What the machine and the recording say about one operation. */
export interface Outcome {
  /** VmPTE of the process that acted, after the operation, in kB; absent when it has none (a file, an exit). */
  readonly ptesKb?: number;
  readonly status?: ReaderStatus;
  /** Calls of flush_tlb_mm_range, in order; absent where only counts were recorded. */
  readonly flushes?: readonly Flush[];
}

/** A thread that reads one byte in a loop. */
export interface ReaderStatus {
  /** Signal that it died of: 0 none, 7 SIGBUS, 11 SIGSEGV. */
  readonly fault: number;
  readonly reading: boolean;
  /** The last byte that it saw. */
  readonly value: number;
}

export interface Flush {
  /** Process whose mm is flushed. */
  readonly mm: string;
  /** [start, end) in bytes; "all" is the whole mm. */
  readonly range: "all" | readonly [number, number];
  readonly strideShift: number;
  readonly freedTables: boolean;
}

const FORMAT = "kt-golden/1";
const REMEDY = `give a recording in the format ${FORMAT}`;

/** Reads a golden file. Throws an InputError that names the place when it is not one. */
export function parseGolden(text: string, source: string): GoldenFile {
  const reader = new GoldenReader(source);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    reader.reject(`not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const root = reader.record(json, "the file");
  const meta = reader.record(root.meta, "meta");
  if (meta.format !== FORMAT) reader.reject(`the format is ${show(meta.format)}, not "${FORMAT}"`);
  const scenarios = reader.list(root.scenarios, "scenarios").map((scenario, i) => reader.scenario(scenario, i));
  return { label: reader.text(meta.label, "meta.label"), scenarios };
}

function show(value: unknown): string {
  return value === undefined ? "missing" : excerpt(JSON.stringify(value));
}

class GoldenReader {
  constructor(readonly source: string) {}

  reject(what: string): never {
    throw new InputError(what, { source: this.source, remedy: REMEDY });
  }

  record(value: unknown, where: string): Record<string, unknown> {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    return this.reject(`${where} is ${show(value)}, not an object`);
  }

  list(value: unknown, where: string): unknown[] {
    return Array.isArray(value) ? value : this.reject(`${where} is ${show(value)}, not a list`);
  }

  text(value: unknown, where: string): string {
    return typeof value === "string" ? value : this.reject(`${where} is ${show(value)}, not a text`);
  }

  whole(value: unknown, where: string): number {
    return Number.isSafeInteger(value) ? (value as number) : this.reject(`${where} is ${show(value)}, not a number`);
  }

  scenario(value: unknown, index: number): GoldenScenario {
    const record = this.record(value, `scenario ${index}`);
    const name = this.text(record.name, `scenario ${index}: name`);
    const ops = this.list(record.ops, `${name}: ops`).map((op, i) => this.op(op, `${name}, op ${i}`));
    return { name, ops };
  }

  op(value: unknown, where: string): GoldenOp {
    const record = this.record(value, where);
    const line = this.text(record.op, `${where}: op`);
    const seen = record.outcomes === undefined ? [record] : this.list(record.outcomes, `${where}: outcomes`);
    if (seen.length === 0) this.reject(`${where}: outcomes is empty`);
    const isStatus = / status /.test(line);
    return { line, outcomes: seen.map((outcome) => this.outcome(outcome, isStatus, where)) };
  }

  outcome(value: unknown, isStatus: boolean, where: string): Outcome {
    const record = this.record(value, where);
    const result = record.r === undefined ? [] : this.list(record.r, `${where}: r`);
    const ptesKb = result.length > 2 ? this.whole(result[2], `${where}: r[2]`) : -1;
    const events = record.ev === undefined ? [] : this.list(record.ev, `${where}: ev`);
    const counted = events.some((event) => Array.isArray(event) && event[0] === "histogram");
    return {
      ...(ptesKb < 0 ? {} : { ptesKb }),
      ...(isStatus ? { status: this.status(this.text(record.x, `${where}: x`), where) } : {}),
      ...(counted ? {} : { flushes: this.flushes(events, where) }),
    };
  }

  status(text: string, where: string): ReaderStatus {
    const match = /^fault=(\d+) reading=([01]) val=(\d+)$/.exec(text);
    if (match === null) return this.reject(`${where}: x is ${show(text)}, not fault=N reading=0|1 val=N`);
    return { fault: Number(match[1]), reading: match[2] === "1", value: Number(match[3]) };
  }

  /** The flushes among kernel events, repeated ones as often as they happened. */
  flushes(events: readonly unknown[], where: string): Flush[] {
    return events.flatMap((value) => {
      const event = this.list(value, `${where}: event`);
      if (event[0] === "flush") return [this.flush(event, where)];
      if (event[0] !== "x" && event[0] !== "xblock") return [];
      const times = this.whole(event[1], `${where}: repetitions`);
      const inner = event[0] === "x" ? [event[2]] : this.list(event[2], `${where}: repeated events`);
      const found = this.flushes(inner, where);
      return found.length === 0 ? [] : Array.from({ length: times }, () => found).flat();
    });
  }

  flush(event: readonly unknown[], where: string): Flush {
    const address = (field: number): number => {
      const value = Number(this.text(event[field], `${where}: flush`));
      return Number.isSafeInteger(value) ? value : this.reject(`${where}: flush of ${show(event[field])}`);
    };
    return {
      mm: this.text(event[1], `${where}: mm of a flush`),
      range: event[2] === "ALL" ? "all" : [address(2), address(3)],
      strideShift: this.whole(event[4], `${where}: stride of a flush`),
      freedTables: this.whole(event[5], `${where}: freed tables of a flush`) !== 0,
    };
  }
}
