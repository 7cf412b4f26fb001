/**
 * One case of a scenario, searched: states, violations with a path each, and their proofs.
 */

import { Status } from "../../assembly/abi/events.js";
import { Run } from "../../assembly/abi/layout.js";
import { ObligationFlag } from "../../assembly/abi/tasks.js";
import { type Core, openCore, openSearchCore, type SearchCore } from "../core/core.js";
import { InputError } from "../error.js";
import type { Machine, RawViolation } from "../machine.js";
import { detailOf, kindName, type Severity, severityOf, type ViolationKind } from "../names.js";
import { encodeSchedule, formatToken } from "../schedule.js";
import { tellPath } from "./agents.js";
import { TransitionGraph } from "./livelock.js";
import { choicesOf } from "./path.js";
import type { ReductionFigures, ReductionName } from "./reductions.js";
import {
  ExhaustiveSearch,
  type HardwareMode,
  placesOf,
  type Searched,
  type SearchFigures,
  type SearchOptions,
  type StoppedBy,
  type StoreKind,
} from "./search.js";
import { fewerSwitches } from "./shrink.js";
import { searchInWorkers } from "./split.js";
import type { SplitSearch } from "./split-result.js";
import { type StageOptions, stage } from "./stage.js";
import { findWitness, needsWitness, type Witness } from "./witness.js";

export interface FoundViolation {
  readonly kind: ViolationKind;
  readonly severity: Severity;
  /** A witness on concrete TLBs exists, or the violation is a fact of the run itself. */
  readonly confirmed: boolean;
  readonly case: string;
  /** Replay token: `shootdown replay TOKEN`. Empty when hardware moved too: then `path` tells the run. */
  readonly schedule: string;
  /** Steps from the start of the race to the violation; no schedule needs fewer. */
  readonly steps: number;
  /**
   * RANGE_NOT_RECORDED: `span` or only `level`; which count is UNBALANCED; which lock; whether a stale walk was
   * needed.
   */
  readonly detail?: string;
  /** Where it was seen: kernel function and line. */
  readonly where: string;
  readonly witness?: Witness;
  /** Every step in words, when hardware moves too. */
  readonly path?: readonly string[];
}

export interface CaseOptions {
  readonly bound?: number;
  readonly time?: number;
  /** Most memory of the search, MiB. */
  readonly memory?: number;
  readonly witness?: boolean;
  readonly hardware?: "enumerated" | "saturated";
  /** Leave out schedules that tell nothing new (not where livelocks are looked for). Paths may be longer. */
  readonly reduce?: ReductionName;
  readonly store?: StoreKind;
  /** Workers that share each search (one by default). */
  readonly workers?: number;
  /** Look for livelocks too: on one worker, and the transitions of large searches do not fit (default: no). */
  readonly livelock?: boolean;
  readonly signal?: AbortSignal;
  /** An aborted search gives what it has, as bounded, instead of an AbortError. */
  readonly partial?: boolean;
}

export interface CaseResult {
  readonly figures: SearchFigures;
  readonly reduction: ReductionFigures;
  readonly complete: boolean;
  readonly hidden: number;
  readonly sometimes: number;
  readonly violations: readonly FoundViolation[];
  readonly setHash?: string;
  readonly stoppedBy?: StoppedBy;
}

/** Cores that one check after another uses: memory is expensive to map and cheap to clear. */
export interface Cores {
  readonly search: SearchCore;
  readonly path: Core;
  readonly witness: Core;
}

export const openCores = (reduce: ReductionName = "none"): Cores => ({
  search: openSearchCore(reduce !== "none"),
  path: openCore(),
  witness: openCore(),
});

/** More than fits into 4 GiB of memory: by default the memory is the bound. */
export const BOUND_MAX = 1_000_000_000;
export const DEFAULT_MEMORY_MIB = 1024;
export const MEMORY_MIB_MAX = 4000;
/** States between two looks at the clock: some milliseconds. */
const STATES_PER_SLICE = 4000;

function inRange(name: string, value: number, most: number, what: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  const remedy = `give a whole number of ${what} from 1 to ${most}`;
  throw new InputError(`the ${name} ${value} is out of range`, { source: "check", remedy });
}

/** Concrete TLBs decide when the scenario has no oracle, or when each hardware step is to be an agent. */
export function hardwareOf(what: StageOptions, asked: CaseOptions["hardware"]): HardwareMode {
  if (asked === "enumerated") return "enumerated";
  return what.scenario.machine?.oracle === false ? "saturated" : "oracle";
}

export async function exploreCase(
  what: StageOptions,
  options: CaseOptions,
  cores: Cores,
  report: (figures: SearchFigures) => void,
): Promise<CaseResult> {
  const statesMax = inRange("bound", options.bound ?? BOUND_MAX, BOUND_MAX, "states");
  const memoryMib = inRange("memory", options.memory ?? DEFAULT_MEMORY_MIB, MEMORY_MIB_MAX, "MiB");
  const hardware = hardwareOf(what, options.hardware);
  const concrete = hardware === "oracle" ? {} : { unlimited: true };
  const machine = stage({ ...what, ...concrete, core: cores.search });
  const projection = hardware === "enumerated" ? what.scenario.project?.(placesOf(machine)) : undefined;
  const store = options.store ?? "exact";
  const graph = hardware === "oracle" && wantsLivelocks(what, options) ? new TransitionGraph() : undefined;
  // A cycle can be missing from what a reduced search sees.
  const reduce = graph === undefined ? (options.reduce ?? "none") : "none";
  const asked = { hardware, memoryMib, store, statesMax, projection, graph, reduce };
  const isSplit = (options.workers ?? 1) > 1 && graph === undefined && canSplit(reduce, hardware);
  const run = isSplit ? searchSplit : searchAlone;
  const search = await run(cores.search, machine, asked, options, report);
  const complete = search.complete();
  const stoppedBy = search.stoppedBy() ?? (complete ? undefined : options.signal?.aborted ? "interrupt" : "time");
  const setHash = search.setHash();
  const figures = search.figures();
  const reduction = search.reduction();
  const seen = { hidden: machine.run(Run.HIDDEN), sometimes: machine.run(Run.SOMETIMES) };
  const raw = machine.violations();
  const paths = raw.map((violation) => readPath(search, violation));
  const violations = raw.map((violation, i) => {
    const path = paths[i];
    if (hardware !== "oracle") return tellViolation(what, search, violation, path);
    if (path === undefined) throw new Error("the path to a violation was not kept");
    return prove(what, violation, path, options.witness ?? true, cores);
  });
  if (graph !== undefined) violations.push(...livelocksOf(what, graph, search, cores));
  return {
    figures,
    reduction,
    complete,
    ...seen,
    violations,
    ...(setHash === undefined || !complete ? {} : { setHash }),
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
  };
}

/** What is learned of steps is not shared between workers, nor that two interrupts wait for one CPU. */
const canSplit = (reduce: ReductionName, hardware: HardwareMode): boolean =>
  reduce === "none" || (reduce === "sym" && hardware === "oracle");

/** A livelock takes every transition, so it is looked for where it is asked for. */
const wantsLivelocks = ({ scenario }: StageOptions, { livelock = false }: CaseOptions): boolean =>
  livelock || scenario.always.includes("LIVELOCK");

/** The nearest livelock, with a shortest way into it. */
function livelocksOf(what: StageOptions, graph: TransitionGraph, search: Searched, cores: Cores): FoundViolation[] {
  const nearest = graph.livelocks()[0];
  const path = nearest === undefined ? undefined : search.pathTo(nearest.nearest);
  if (nearest === undefined || path === undefined) return [];
  const machine = stage({ ...what, core: cores.path });
  const who = nearest.agents.map((agent) => what.which.tasks[agent]?.name ?? "interrupts");
  const where = `${[...new Set(who)].join(", ")} go round for ever in ${nearest.states} states`;
  return [factOf(what, "LIVELOCK", encodeSchedule(choicesOf(machine, path)), path.length, { where })];
}

type Report = (figures: SearchFigures) => void;

/** Searches in slices, between which the clock and the caller are looked at. */
async function searchAlone(
  core: SearchCore,
  machine: Machine,
  asked: SearchOptions,
  options: CaseOptions,
  report: Report,
): Promise<ExhaustiveSearch> {
  const search = new ExhaustiveSearch(core, machine, asked);
  const deadline = options.time === undefined ? Infinity : performance.now() + 1000 * options.time;
  let status: number = Status.RUNNING;
  let late = false;
  while (status === Status.RUNNING && !late) {
    if (options.partial !== true) options.signal?.throwIfAborted();
    status = search.slice(STATES_PER_SLICE);
    report(search.figures());
    late = performance.now() > deadline || options.signal?.aborted === true;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return search;
}

/** The same on several workers; they hear of the clock and the caller between two rounds. */
async function searchSplit(
  core: SearchCore,
  machine: Machine,
  asked: SearchOptions,
  options: CaseOptions,
  report: Report,
): Promise<SplitSearch> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  options.signal?.addEventListener("abort", end);
  const timer = options.time === undefined ? undefined : setTimeout(end, 1000 * options.time);
  try {
    const workers = options.workers ?? 1;
    const search = await searchInWorkers(core, machine, { ...asked, workers, stop: stop.signal, report });
    if (options.partial !== true) options.signal?.throwIfAborted();
    return search;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", end);
  }
}

/** The agents from the start to the violating step; undefined when it was found too late for its path to be kept. */
function readPath(search: Searched, violation: RawViolation): number[] | undefined {
  const path = search.pathTo(violation.state - 1);
  return path === undefined || violation.agent === 0xffffffff ? path : [...path, violation.agent];
}

/** A violation on concrete TLBs is a fact: the path is all that there is to tell. */
function tellViolation(
  what: StageOptions,
  search: Searched,
  found: RawViolation,
  agents: readonly number[] | undefined,
): FoundViolation {
  const kind = kindName(found.kind);
  const path = agents === undefined ? undefined : tellPath(what, search, agents);
  return {
    kind,
    severity: severityOf(kind),
    confirmed: true,
    case: what.which.name,
    schedule: "",
    steps: path?.length ?? found.step,
    where: path?.at(-1) ?? "the path was not kept",
    ...(path === undefined ? {} : { path }),
  };
}

/** Tidies the path, finds the witness, and says where it was. */
function prove(what: StageOptions, found: RawViolation, path: number[], wanted: boolean, cores: Cores): FoundViolation {
  const machine = stage({ ...what, core: cores.path });
  const tidy = kindName(found.kind) === "DEADLOCK" ? path : fewerSwitches(machine, path, found.kind);
  const schedule = encodeSchedule(choicesOf(machine, tidy));
  // The tidied path may break the same promise over another entry: its own record is the one to confirm.
  const violation = machine.violations().find((other) => other.kind === found.kind) ?? found;
  const kind = kindName(violation.kind);
  const witness =
    wanted && needsWitness(violation) ? findWitness({ ...what, core: cores.witness }, tidy, violation) : undefined;
  const op = machine.program[violation.pc];
  const viaWalk = (violation.flags & ObligationFlag.VIA_WALK) !== 0;
  const detail = detailOf(kind, violation.holders, viaWalk);
  return {
    ...factOf(what, kind, schedule, tidy.length, {}),
    confirmed: !needsWitness(violation) || witness !== undefined,
    ...(detail === undefined ? {} : { detail }),
    where: op === undefined ? "flush interrupt" : `${op.fn}: ${op.text}`,
    ...(witness === undefined ? {} : { witness }),
  };
}

/** A violation with its replay token. */
function factOf(
  what: StageOptions,
  kind: ViolationKind,
  schedule: string,
  steps: number,
  more: { readonly where?: string },
): FoundViolation {
  const names = { scenario: what.scenario.name, case: what.which.name };
  const machine = { edition: what.edition.name, backend: what.backend.name };
  const token = formatToken({ ...names, ...machine, schedule, steps });
  const place = { where: more.where ?? "" };
  return { kind, severity: severityOf(kind), confirmed: true, case: names.case, schedule: token, steps, ...place };
}
