/**
 * `check`: every schedule of a scenario, in each edition on each back-end, with a verdict and its proof.
 *
 *   violated   harm is reachable
 *   masked     a promise is broken, and no schedule does harm on this machine; `hiddenBy` says what hides it
 *   holds      neither, and every schedule was tried
 *   bounded    no harm so far, and not every schedule was tried
 */
import { Status } from "../../assembly/abi/events.js";
import { Base, Run } from "../../assembly/abi/layout.js";
import { ObligationFlag } from "../../assembly/abi/tasks.js";
import { type Core, openCore } from "../core/core.js";
import { InputError } from "../error.js";
import type { Backend } from "../kernel/arch/backends.js";
import { type Edition, orderOf } from "../kernel/editions.js";
import type { Machine, RawViolation } from "../machine.js";
import {
  detailOf,
  hiddenReasons,
  kindName,
  type Severity,
  severityOf,
  sometimesNames,
  type ViolationKind,
} from "../names.js";
import type { Case, Scenario } from "../scenarios/scenario.js";
import { encodeSchedule, formatToken } from "../schedule.js";
import { checksOf, chooseScenarios } from "./choose.js";
import { choicesOf } from "./path.js";
import { fewerSwitches } from "./shrink.js";
import { type StageOptions, stage } from "./stage.js";
import { findWitness, needsWitness, type Witness } from "./witness.js";

export type Verdict = "holds" | "masked" | "violated" | "bounded";

export interface FoundViolation {
  readonly kind: ViolationKind;
  readonly severity: Severity;
  /** A witness on concrete TLBs exists, or the violation is a fact of the run itself. */
  readonly confirmed: boolean;
  readonly case: string;
  /** Replay token: `shootdown replay TOKEN`. */
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
}

export interface CheckResultRow {
  readonly scenario: string;
  readonly edition: string;
  readonly backend: string;
  readonly verdict: Verdict;
  /** Every schedule was tried. */
  readonly complete: boolean;
  readonly states: number;
  readonly transitions: number;
  /** Longest shortest path to a state. */
  readonly depth: number;
  readonly seconds: number;
  /** Chance that two different states were taken for one: states^2 / 2^65. */
  readonly collisionProbability: number;
  readonly violations: readonly FoundViolation[];
  readonly hiddenBy: readonly string[];
  /** What the scenario must sometimes do, and whether it did. */
  readonly sometimes: Readonly<Record<string, boolean>>;
  /** States of each case of the scenario, by name. */
  readonly cases: Readonly<Record<string, number>>;
  /** Cases whose path the edition does not have. */
  readonly note?: string;
}

export interface CheckResult {
  readonly schema: "shootdown/check@1";
  readonly results: readonly CheckResultRow[];
}

export interface CheckProgress {
  readonly done: number;
  readonly total: number;
  readonly scenario: string;
  readonly edition: string;
  readonly backend: string;
  readonly states: number;
  readonly depth: number;
}

export interface CheckOptions {
  /** Names, aliases or scenarios of your own; all of ours by default. */
  readonly scenarios?: readonly (string | Scenario)[];
  /** Names, or "all": the releases. By default a scenario's own pair of editions, or all releases. */
  readonly editions?: readonly string[] | "all";
  readonly backends?: readonly string[] | "all";
  /** Most states of one search. */
  readonly bound?: number;
  /** Seconds for one search. */
  readonly time?: number;
  /** Look for witnesses (default true). */
  readonly witness?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CheckProgress) => void;
}

const DEFAULT_BOUND = 1 << 20;
/** The visited set has to fit into 4 GiB of memory with the snapshots. */
const BOUND_MAX = 100_000_000;
/** Layers between two looks at the clock: tiny scenarios take milliseconds a layer. */
const LAYERS_PER_SLICE = 4;

/** Cores that one check after another uses: memory is expensive to map and cheap to clear. */
interface Cores {
  readonly search: Core;
  readonly path: Core;
  readonly witness: Core;
}

const openCores = (): Cores => ({ search: openCore(), path: openCore(), witness: openCore() });

interface CaseResult {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly complete: boolean;
  readonly hidden: number;
  readonly sometimes: number;
  readonly violations: readonly FoundViolation[];
}

/** Runs the checks one after another. Throws an InputError for a name that does not exist. */
export async function check(options: CheckOptions = {}): Promise<CheckResult> {
  const chosen = chooseScenarios(options.scenarios);
  const jobs = checksOf(chosen, options.editions, options.backends);
  const results: CheckResultRow[] = [];
  const cores = openCores();
  for (const { scenario, edition, backend } of jobs) {
    const report = (machine: Machine): void =>
      options.onProgress?.({
        done: results.length,
        total: jobs.length,
        scenario: scenario.name,
        edition: edition.name,
        backend: backend.name,
        states: machine.run(Run.STATES),
        depth: machine.run(Run.DEPTH),
      });
    results.push(await checkOne(scenario, edition, backend, options, cores, report));
  }
  return { schema: "shootdown/check@1", results };
}

/** Whether the edition has the path that the case is about. */
export function hasPath(which: Case, edition: Edition): boolean {
  return which.since === undefined || orderOf(edition.base) >= orderOf(which.since);
}

/** The case as the edition can run it: a call without a path is refused, and tasks that wait for it have no part. */
export function caseIn(which: Case, edition: Edition): Case {
  if (hasPath(which, edition)) return which;
  return { ...which, tasks: which.tasks.filter((task) => task.calls.every(({ call }) => call !== "await-clear")) };
}

async function checkOne(
  scenario: Scenario,
  edition: Edition,
  backend: Backend,
  options: CheckOptions,
  cores: Cores,
  report: (machine: Machine) => void,
): Promise<CheckResultRow> {
  const started = performance.now();
  const byCase: [string, CaseResult][] = [];
  const absent = scenario.cases.filter((which) => !hasPath(which, edition)).map((which) => which.name);
  for (const original of scenario.cases) {
    const which = caseIn(original, edition);
    byCase.push([which.name, await exploreCase({ scenario, which, edition, backend }, options, cores, report)]);
  }
  const all = byCase.map(([, result]) => result);
  const sum = (field: "states" | "transitions"): number => all.reduce((total, result) => total + result[field], 0);
  const bits = (field: "hidden" | "sometimes"): number => all.reduce((seen, result) => seen | result[field], 0);
  const violations = all.flatMap((result) => result.violations);
  const complete = all.every((result) => result.complete);
  const seen = new Set(sometimesNames(bits("sometimes")));
  return {
    scenario: scenario.name,
    edition: edition.name,
    backend: backend.name,
    verdict: verdictOf(violations, complete),
    complete,
    states: sum("states"),
    transitions: sum("transitions"),
    depth: Math.max(0, ...all.map((result) => result.depth)),
    seconds: (performance.now() - started) / 1000,
    collisionProbability: sum("states") ** 2 / 2 ** 65,
    violations,
    hiddenBy: hiddenReasons(bits("hidden")),
    sometimes: Object.fromEntries(scenario.sometimes.map((name) => [name, seen.has(name)])),
    cases: Object.fromEntries(byCase.map(([name, result]) => [name, result.states])),
    ...(absent.length === 0 ? {} : { note: `${edition.name} refuses the call of: ${absent.join(", ")}` }),
  };
}

export function verdictOf(violations: readonly { severity: Severity }[], complete: boolean): Verdict {
  if (violations.some((violation) => violation.severity === "harm")) return "violated";
  if (!complete) return "bounded";
  return violations.length > 0 ? "masked" : "holds";
}

async function exploreCase(
  what: StageOptions,
  options: CheckOptions,
  cores: Cores,
  report: (machine: Machine) => void,
): Promise<CaseResult> {
  const bound = options.bound ?? DEFAULT_BOUND;
  if (!Number.isInteger(bound) || bound < 1 || bound > BOUND_MAX) {
    const remedy = `give a whole number of states from 1 to ${BOUND_MAX}`;
    throw new InputError(`the bound ${bound} is out of range`, { source: "check", remedy });
  }
  // The visited set is kept at most three quarters full, in a power of two of slots.
  const visited = 2 ** Math.ceil(Math.log2(Math.max(64, (bound * 4) / 3)));
  const machine = stage({ ...what, visited, frontier: Math.min(bound, 1 << 14), core: cores.search });
  const deadline = options.time === undefined ? Infinity : performance.now() + 1000 * options.time;
  machine.setRun(Run.STOP_MASK, 0);
  machine.core.call.exploreStart();
  let status: number = Status.RUNNING;
  while (status === Status.RUNNING) {
    options.signal?.throwIfAborted();
    status = machine.core.call.exploreLayers(LAYERS_PER_SLICE);
    report(machine);
    if (performance.now() > deadline || machine.run(Run.STATES) > bound) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const raw = machine.violations();
  const paths = raw.map((violation) => readPath(machine, violation));
  return {
    states: machine.run(Run.STATES),
    transitions: machine.run(Run.TRANSITIONS),
    depth: machine.run(Run.DEPTH),
    complete: machine.run(Run.COMPLETE) === 1,
    hidden: machine.run(Run.HIDDEN),
    sometimes: machine.run(Run.SOMETIMES),
    violations: raw.map((violation, i) => prove(what, violation, paths[i] as number[], options.witness ?? true, cores)),
  };
}

/** The agents from the start to the violating step. */
function readPath(machine: Machine, violation: RawViolation): number[] {
  const length = machine.core.call.pathTo(violation.state - 1);
  const start = machine.base(Base.SCHEDULE) * 4;
  const path = [...machine.core.bytes().subarray(start, start + length)];
  return violation.agent === 0xffffffff ? path : [...path, violation.agent];
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
    kind,
    severity: severityOf(kind),
    confirmed: !needsWitness(violation) || witness !== undefined,
    case: what.which.name,
    schedule: formatToken({
      scenario: what.scenario.name,
      case: what.which.name,
      edition: what.edition.name,
      backend: what.backend.name,
      schedule,
      steps: tidy.length,
    }),
    steps: tidy.length,
    ...(detail === undefined ? {} : { detail }),
    where: op === undefined ? "flush interrupt" : `${op.fn}: ${op.text}`,
    ...(witness === undefined ? {} : { witness }),
  };
}
