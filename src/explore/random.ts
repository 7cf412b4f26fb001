/**
 * Random schedules: drawn and run inside the core, uniform or PCT, until a violation or a number of runs.
 *
 * PCT with depth d finds a violation that needs d ordered events with probability at least 1 / (n * k^(d-1)) in a run
 * of n agents and k steps (Burckhardt et al., ASPLOS 2010).
 */

import { Status } from "../../assembly/abi/events.js";
import { Area, Base, Run } from "../../assembly/abi/layout.js";
import type { Machine } from "../machine.js";
import { kindName, kindNumber, severityOf, sometimesNames, type ViolationKind, violationKinds } from "../names.js";
import { encodeSchedule, formatToken } from "../schedule.js";
import { choicesOf, pathOf } from "./path.js";
import { shrink } from "./shrink.js";
import { type StageOptions, stage } from "./stage.js";

export interface SampleOptions extends StageOptions {
  readonly runs: number;
  readonly seed: number;
  /** PCT depth; 0 draws uniformly among the agents that can move. */
  readonly depth?: number;
  /** Kinds that end the search; all harm by default. */
  readonly stop?: readonly ViolationKind[];
  /** Offer speculative fills and evictions as agents; needs `concrete`. */
  readonly hardware?: boolean;
  readonly stepsMax?: number;
}

export interface Sample {
  readonly runs: number;
  readonly steps: number;
  readonly sometimes: readonly string[];
  readonly kinds: readonly ViolationKind[];
  readonly found?: {
    /** Number of the run, from 1. */
    readonly run: number;
    readonly kind: ViolationKind;
    /** Steps of the run as drawn, and after shrinking. */
    readonly stepsDrawn: number;
    readonly steps: number;
    readonly schedule: string;
  };
}

const ALL_HARM = violationKinds.filter((kind) => severityOf(kind) === "harm");

/** Runs of one call into the core: enough for V8 to tier up, few enough to answer Ctrl-C. */
const SLICE = 1000;

/** Draws schedules until one meets a kind of `stop`. The same seed gives the same result everywhere. */
export function sample(options: SampleOptions): Sample {
  const machine = stage(options);
  const stop = (options.stop ?? ALL_HARM).reduce((mask, kind) => mask | (1 << kindNumber(kind)), 0);
  machine.setRun(Run.STOP_MASK, stop);
  machine.setRun(Run.STEPS_MAX, options.stepsMax ?? 10_000);
  machine.setRun(Run.PCT_DEPTH, options.depth ?? 0);
  machine.setRun(Run.HARDWARE_AGENTS, options.hardware ? 1 : 0);
  let runs = 0;
  let steps = 0;
  let sometimes = 0;
  let kinds = 0;
  while (runs < options.runs) {
    const seed = options.seed + runs;
    machine.setRun(Run.SEED, seed >>> 0);
    machine.put(Area.RUN + Run.SEED + 1, Math.floor(seed / 2 ** 32));
    machine.setRun(Run.RUNS, Math.min(SLICE, options.runs - runs));
    const status = machine.core.call.runRandom();
    runs += machine.run(Run.RUNS_DONE);
    steps += machine.long(Area.RUN + Run.STEPS_DONE);
    sometimes |= machine.run(Run.SOMETIMES);
    kinds |= machine.run(Run.KINDS);
    if (status === Status.STOPPED || status === Status.DEADLOCKED) {
      return { runs, steps, ...names(sometimes, kinds), found: explain(options, machine, stop, runs) };
    }
  }
  return { runs, steps, ...names(sometimes, kinds) };
}

function names(sometimes: number, kinds: number): { sometimes: string[]; kinds: ViolationKind[] } {
  const found: ViolationKind[] = [];
  for (let kind = 1; kind < 31; kind++) if ((kinds >>> kind) & 1) found.push(kindName(kind));
  return { sometimes: sometimesNames(sometimes), kinds: found };
}

/** Shrinks the run that the core stopped in. Runs with hardware agents are kept as they are. */
function explain(options: SampleOptions, machine: Machine, stop: number, run: number): NonNullable<Sample["found"]> {
  const start = machine.base(Base.SCHEDULE) * 4;
  const bytes = [...machine.core.bytes().subarray(start, start + machine.run(Run.SCHEDULE_LENGTH))];
  const last = machine
    .violations()
    .filter((violation) => (stop >>> violation.kind) & 1)
    .at(-1);
  const kind = last?.kind ?? 0;
  const stepsDrawn = last?.step ?? 0;
  const name = kindName(kind);
  if (options.hardware) return { run, kind: name, stepsDrawn, steps: stepsDrawn, schedule: "" };
  const path = shrink(machine, pathOf(machine, bytes, stepsDrawn).path, kind);
  const schedule = formatToken({
    scenario: options.scenario.name,
    case: options.which.name,
    edition: options.edition.name,
    backend: options.backend.name,
    schedule: encodeSchedule(choicesOf(machine, path)),
    steps: path.length,
  });
  return { run, kind: name, stepsDrawn, steps: path.length, schedule };
}
