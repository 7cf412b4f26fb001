/**
 * Recordings of real kernels ("kt-golden/1") as data: scenarios of operations, with everything that was seen of each.
 *
 * Units and fields: test/fixtures/golden/README.md.
 */
import { excerpt, InputError } from "../error.js";
import type { Event } from "../sequential/world.js";

export interface Recording {
  /** Name of the kernel. */
  readonly label: string;
  /** What the recorder said about its probes. */
  readonly probes: readonly string[];
  /** The machine that it was made on. */
  readonly machine: Machine;
  readonly scenarios: readonly RecordedScenario[];
}

export interface Machine {
  /** CPU 0 is for housekeeping, the others for the script. */
  readonly cpus: number;
  readonly hugePages: number;
  /** tlb_single_page_flush_ceiling. */
  readonly ceiling: number;
}

/** What a recording is taken to be made on where it does not say. */
export const RECORDED_ON: Machine = { cpus: 5, hugePages: 1800, ceiling: 33 };

export interface RecordedScenario {
  readonly name: string;
  /** Events of the files' locks were recorded. */
  readonly locks: boolean;
  readonly ops: readonly RecordedOp[];
}

export interface RecordedOp {
  readonly line: string;
  /** One outcome when all repeats agreed; more when they did not. */
  readonly outcomes: readonly Seen[];
  readonly deterministic: boolean;
}

/** What was seen of one operation. */
export interface Seen {
  /** Return value, errno, VmPTE and HugetlbPages in kB (-1: no process any more); absent without a process. */
  readonly result?: readonly number[];
  readonly extra?: string;
  readonly info?: string;
  readonly events: readonly Event[];
  /** CPUs that flushed because they switched to the mm. */
  readonly switches: readonly Event[];
}

const CPUS_MAX = 4096;
const FORMAT = "kt-golden/1";
/** Repeated events are written out; more of them in one operation is a mistake in the file. */
const EVENTS_MAX = 4_000_000;

/** Reads a recording. Throws an InputError that names the place when the text is not one. */
export function parseRecording(text: string, source: string): Recording {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw reject(source, `not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const reader = new Reader(source);
  const root = reader.object(json, "the file");
  const meta = reader.object(root.meta, "meta");
  if (meta.format !== FORMAT) throw reject(source, `the format is ${show(meta.format)}, not "${FORMAT}"`);
  return {
    label: reader.text(meta.label, "meta.label"),
    probes: meta.probes === undefined ? [] : reader.list(meta.probes, "meta.probes").map(String),
    machine: machineOf(meta.setup === undefined ? [] : reader.list(meta.setup, "meta.setup").map(String)),
    scenarios: reader
      .list(root.scenarios, "scenarios")
      .map((scenario, i) => reader.scenario(scenario, `scenario ${i}`)),
  };
}

/** The setup's `cpus=`, `hp0=` and `hp1=` (huge pages of each node) and `ceiling=`. */
function machineOf(setup: readonly string[]): Machine {
  const words = setup.join(" ");
  const sum = (pattern: RegExp): number => [...words.matchAll(pattern)].reduce((n, [, value]) => n + Number(value), 0);
  const cpus = sum(/(?:^| )cpus=(\d+)/g);
  return {
    cpus: cpus > 0 && cpus <= CPUS_MAX ? cpus : RECORDED_ON.cpus,
    hugePages: sum(/(?:^| )hp\d=(\d+)/g) || RECORDED_ON.hugePages,
    ceiling: sum(/(?:^| )ceiling=(\d+)/g) || RECORDED_ON.ceiling,
  };
}

function reject(source: string, what: string): InputError {
  return new InputError(what, { source, remedy: `give a recording in the format ${FORMAT}` });
}

const show = (value: unknown): string => (value === undefined ? "missing" : excerpt(JSON.stringify(value)));

class Reader {
  constructor(readonly source: string) {}

  object(value: unknown, where: string): Record<string, unknown> {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw reject(this.source, `${where} is ${show(value)}, not an object`);
  }

  list(value: unknown, where: string): unknown[] {
    if (Array.isArray(value)) return value;
    throw reject(this.source, `${where} is ${show(value)}, not a list`);
  }

  text(value: unknown, where: string): string {
    if (typeof value === "string") return value;
    throw reject(this.source, `${where} is ${show(value)}, not a text`);
  }

  scenario(value: unknown, where: string): RecordedScenario {
    const scenario = this.object(value, where);
    const name = this.text(scenario.name, `${where}: name`);
    const flags = scenario.flags === undefined ? "" : this.text(scenario.flags, `${name}: flags`);
    const ops = this.list(scenario.ops, `${name}: ops`).map((op, i) => this.op(op, `${name}, op ${i}`));
    return { name, locks: flags.split(/\s+/).includes("locks"), ops };
  }

  op(value: unknown, where: string): RecordedOp {
    const op = this.object(value, where);
    const line = this.text(op.op, `${where}: op`);
    const several = op.outcomes !== undefined;
    const seen = several ? this.list(op.outcomes, `${where}: outcomes`) : [op];
    if (seen.length === 0) throw reject(this.source, `${where}: outcomes is empty`);
    const outcomes = seen.map((outcome) => this.seen(this.object(outcome, where), where));
    return { line, outcomes, deterministic: !several && op.sw_outcomes === undefined };
  }

  seen(record: Record<string, unknown>, where: string): Seen {
    const result = record.r === undefined || record.r === null ? undefined : this.numbers(record.r, `${where}: r`);
    const text = (field: string): string | undefined =>
      record[field] === undefined ? undefined : this.text(record[field], `${where}: ${field}`);
    const [extra, info] = [text("x"), text("info")];
    return {
      ...(result === undefined ? {} : { result }),
      ...(extra === undefined ? {} : { extra }),
      ...(info === undefined ? {} : { info }),
      events: this.events(record.ev ?? [], `${where}: ev`),
      switches: this.events(record.sw ?? [], `${where}: sw`),
    };
  }

  numbers(value: unknown, where: string): number[] {
    return this.list(value, where).map((item) => {
      if (Number.isSafeInteger(item)) return item as number;
      throw reject(this.source, `${where} has ${show(item)}, not a number`);
    });
  }

  /** Events in a row; repeated ones as often as they happened. */
  events(value: unknown, where: string): Event[] {
    const found: Event[] = [];
    this.#expand(this.list(value, where), where, found);
    return found;
  }

  #expand(events: readonly unknown[], where: string, into: Event[]): void {
    for (const value of events) {
      const event = this.list(value, where);
      if (event[0] !== "x" && event[0] !== "xblock") {
        into.push(event.map((item) => (typeof item === "number" ? item : String(item))));
        continue;
      }
      const times = Number(event[1]);
      const inner = event[0] === "x" ? [event[2]] : this.list(event[2], where);
      if (!Number.isSafeInteger(times) || times < 1 || into.length + times * inner.length > EVENTS_MAX) {
        throw reject(this.source, `${where}: ${show(event[1])} repetitions`);
      }
      for (let i = 0; i < times; i++) this.#expand(inner, where, into);
    }
  }
}
