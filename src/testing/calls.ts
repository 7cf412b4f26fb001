/**
 * Memory calls one after another on a machine with concrete TLBs, each compared with a model of the caller's.
 */
import { Tally } from "../../assembly/abi/records.js";
import { type Core, openCore } from "../core/core.js";
import { chooseBackend, chooseEdition } from "../explore/choose.js";
import { findCall } from "../kernel/calls.js";
import { newestEdition } from "../kernel/editions.js";
import type { Call } from "../kernel/listing.js";
import { Machine } from "../machine.js";
import { kindName } from "../names.js";

/** A call on a CPU, for the mm that the CPU runs. Addresses count base pages. */
export interface MemoryCall {
  readonly cpu: number;
  readonly mm: number;
  readonly call: string;
  readonly args: Readonly<Record<string, number>>;
}

export interface Seen {
  /** The signal that the call ended with; 0 is none. */
  readonly signal: number;
  /** What a load or store saw; 0 when it ended with a signal. */
  readonly value: number;
  readonly machine: Machine;
}

export interface MemoryOptions<Model> {
  /** Names of calls, as `list paths` has them. */
  readonly calls: readonly string[];
  /** A fresh model for each run. */
  readonly model: () => Model;
  /** Whether the call can be made now; all can by default. */
  readonly check?: (model: Readonly<Model>, call: MemoryCall) => boolean;
  /** Takes over what the call has done, and throws when the machine saw something else than the model. */
  readonly run: (model: Model, call: MemoryCall, seen: Seen) => void;
  /** mm that each CPU runs; two CPUs of one mm by default. */
  readonly cpus?: readonly number[];
  /** Addresses are below this, 4 by default: one GiB of the small geometry. */
  readonly pages?: number;
  /** The newest release by default. */
  readonly edition?: string;
  /** x86 by default. */
  readonly backend?: string;
}

/** Calls and what they run on: the same for every run of a property. */
export class Bench<Model> {
  readonly options: MemoryOptions<Model>;
  readonly cpus: readonly number[];
  readonly calls: readonly Call[];
  #core: Core | undefined;

  /** Throws a RangeError for a call that does not exist. */
  constructor(options: MemoryOptions<Model>) {
    this.options = options;
    this.cpus = options.cpus ?? [0, 0];
    this.calls = options.calls.map((name) => {
      const call = findCall(name);
      if (call === undefined) throw new RangeError(`there is no call "${name}"`);
      return call;
    });
  }

  /** A machine on which nothing is mapped. The one before it is gone. */
  boot(): Machine {
    const { edition = newestEdition().name, backend = "x86" } = this.options;
    this.#core ??= openCore();
    const machine = Machine.boot({
      geometry: "tiny",
      edition: chooseEdition(edition),
      backend: chooseBackend(backend),
      cpus: this.cpus.length,
      mms: Math.max(...this.cpus) + 1,
      tasks: 1,
      vmas: 16,
      tableFrames: 40,
      baseFrames: 32,
      hugeFrames: 8,
      script: 4096,
      concrete: true,
      core: this.#core,
    });
    this.cpus.forEach((mm, cpu) => {
      machine.core.call.loadMm(cpu, mm);
    });
    return machine;
  }

  /** Makes the call, and throws when it breaks a promise of the oracle or the model disagrees. */
  make(model: Model, machine: Machine, call: MemoryCall): void {
    const before = machine.tally(Tally.VIOLATIONS);
    const signal = machine.perform(call.cpu, call.mm, [call]);
    const broken = machine.violations().filter(({ kind }) => ((before >>> kind) & 1) === 0);
    if (broken.length > 0) {
      const names = broken.map(({ kind, pc }) => `${kindName(kind)} (${machine.program[pc]?.fn ?? "flush interrupt"})`);
      throw new Error(`${textOf(call)} breaks a promise: ${names.join(", ")}`);
    }
    this.options.run(model, call, { signal, value: signal === 0 ? machine.valueSeen() : 0, machine });
  }
}

export function textOf({ cpu, call, args }: MemoryCall): string {
  const values = Object.entries(args).map(([name, value]) => `${name} ${value}`);
  return `CPU${cpu}: ${call}(${values.join(", ")})`;
}
