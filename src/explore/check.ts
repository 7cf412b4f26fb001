/**
 * `check`: every schedule of a scenario, in each edition on each back-end, with a verdict and its proof.
 *
 *   violated   harm is reachable
 *   masked     a promise is broken, and no schedule does harm on this machine; `hiddenBy` says what hides it
 *   holds      neither, and every schedule was tried
 *   bounded    no harm so far, and not every schedule was tried
 */

import type { Backend } from "../kernel/arch/backends.js";
import { type Edition, orderOf } from "../kernel/editions.js";
import { hiddenReasons, type Severity, sometimesNames } from "../names.js";
import { findScenario } from "../scenarios/index.js";
import type { Case, Scenario, Values } from "../scenarios/scenario.js";
import { type CaseOptions, type CaseResult, type Cores, exploreCase, type FoundViolation, openCores } from "./case.js";
import { checksOf, chooseScenarios } from "./choose.js";
import { type Estimate, estimate } from "./estimate.js";
import { checkInPool, type Errand, mustBeJobs } from "./pool.js";
import { type ReductionName, reductionsOf } from "./reductions.js";
import { type SearchFigures, STORES, type StoppedBy, type StoreKind } from "./search.js";

export type { FoundViolation } from "./case.js";

export type Verdict = "holds" | "masked" | "violated" | "bounded";

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
  /** Saturated: what hardware may hold is known at each step. Enumerated: each fill and eviction is a step. */
  readonly hardware: "enumerated" | "saturated";
  /** Which schedules were left out, when that was asked for; "none" where it does not apply. */
  readonly reduce?: ReductionName;
  /** With it: states at which fewer agents were moved than could move, and searches until one was a proof. */
  readonly spared?: number;
  readonly passes?: number;
  /** What the scenario was made with, when it has parameters. */
  readonly parameters?: Values;
  /** How many states there will be, when the search was cut short and enough of it was seen. */
  readonly estimate?: Estimate;
  /** How states were remembered, unless exactly, and states that a lossy store is expected to have hidden. */
  readonly store?: StoreKind;
  readonly expectedOmissions?: number;
  /** Bytes of the visited set for each state. */
  readonly bytesPerState: number;
  /** What ended a search that is not complete, and the states that were known and not yet expanded. */
  readonly stoppedBy?: StoppedBy;
  readonly queue?: number;
  /** With concrete TLBs: (state, stale entry) pairs, states that have any, steps to the nearest (null: none). */
  readonly violationInstances?: number;
  readonly badStates?: number;
  readonly shortestBadDepth?: number | null;
  /** Order-free hash of all states, comparable with other implementations of the model. */
  readonly setHash?: string;
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
  /** States known and not yet expanded; states a second; bytes in use. */
  readonly queue: number;
  readonly rate: number;
  readonly bytes: number;
  /** How many states there will be, when enough of them are known. */
  readonly expected: Estimate | undefined;
}

export interface CheckOptions extends Omit<CaseOptions, "workers"> {
  /**
   * Workers: several checks at once, or, when there is only one check, one search that they share. Same results.
   * Scenarios that are not in the catalogue are searched one after another, each shared.
   */
  readonly jobs?: number;
  /** Names, aliases or scenarios of your own; all of ours by default. */
  readonly scenarios?: readonly (string | Scenario)[];
  /** Names, or "all": the releases. By default a scenario's own pair of editions, or all releases. */
  readonly editions?: readonly string[] | "all";
  readonly backends?: readonly string[] | "all";
  /** Values for the scenarios' parameters, as `--set` gives them. */
  readonly set?: Values;
  readonly onProgress?: (progress: CheckProgress) => void;
}

/** Runs the checks one after another. Throws an InputError for a name that does not exist. */
export async function check(options: CheckOptions = {}): Promise<CheckResult> {
  const chosen = chooseScenarios(options.scenarios);
  const jobs = checksOf(chosen, options.editions, options.backends, options.set);
  const workers = mustBeJobs(options.jobs ?? 1);
  const errands = workers > 1 && jobs.length > 1 ? errandsOf(jobs) : undefined;
  if (errands !== undefined) return checkTogether(errands, options, workers);
  const results: CheckResultRow[] = [];
  const cores = openCores(options.reduce);
  for (const { scenario, edition, backend } of jobs) {
    const started = performance.now();
    const report = (figures: SearchFigures): void =>
      options.onProgress?.({
        done: results.length,
        total: jobs.length,
        scenario: scenario.name,
        edition: edition.name,
        backend: backend.name,
        states: figures.states,
        depth: figures.depth,
        queue: figures.queue,
        rate: (1000 * figures.states) / Math.max(1, performance.now() - started),
        expected: estimate(figures.layers),
        bytes: figures.bytesPerState * figures.states + figures.queueBytes,
      });
    results.push(await checkOne(scenario, edition, backend, { ...options, workers }, cores, report));
    if (options.partial !== true) options.signal?.throwIfAborted();
    if (options.signal?.aborted) break;
  }
  return { schema: "shootdown/check@1", results };
}

type Jobs = ReturnType<typeof checksOf>;

/** The checks in words for workers; undefined when one is about a scenario that has no name in the catalogue. */
function errandsOf(jobs: Jobs): Errand[] | undefined {
  const errands: Errand[] = [];
  for (const { scenario, edition, backend } of jobs) {
    const known = findScenario(scenario.name);
    if (known !== scenario && (scenario.values === undefined || known?.make !== scenario.make)) return undefined;
    const set = scenario.values === undefined ? {} : { set: scenario.values };
    errands.push({ scenario: scenario.name, ...set, edition: edition.name, backend: backend.name });
  }
  return errands;
}

async function checkTogether(errands: readonly Errand[], options: CheckOptions, jobs: number): Promise<CheckResult> {
  const { bound, time, memory, witness, hardware, reduce, store, livelock, signal, onProgress } = options;
  const asked = { bound, time, memory, witness, hardware, reduce, store, livelock };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  let done = 0;
  const rows = await checkInPool(errands, {
    ...given,
    jobs,
    signal,
    onRow: () => done++,
    onProgress: (progress) => onProgress?.({ ...progress, done, total: errands.length }),
  });
  if (options.partial !== true) signal?.throwIfAborted();
  return { schema: "shootdown/check@1", results: rows.filter((row) => row !== undefined) };
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
  options: CaseOptions,
  cores: Cores,
  report: (figures: SearchFigures) => void,
): Promise<CheckResultRow> {
  const started = performance.now();
  const byCase: [string, CaseResult][] = [];
  const absent = scenario.cases.filter((which) => !hasPath(which, edition)).map((which) => which.name);
  for (const original of scenario.cases) {
    if (options.signal?.aborted && byCase.length > 0) break;
    const which = caseIn(original, edition);
    byCase.push([which.name, await exploreCase({ scenario, which, edition, backend }, options, cores, report)]);
  }
  const all = byCase.map(([, result]) => result);
  type Count = "states" | "transitions" | "instances" | "badStates" | "queue" | "omitted";
  const sum = (field: Count): number => all.reduce((total, result) => total + result.figures[field], 0);
  const bits = (field: "hidden" | "sometimes"): number => all.reduce((seen, result) => seen | result[field], 0);
  const violations = all.flatMap((result) => result.violations);
  const complete = all.length === scenario.cases.length && all.every((result) => result.complete);
  const seen = new Set(sometimesNames(bits("sometimes")));
  return {
    scenario: scenario.name,
    edition: edition.name,
    backend: backend.name,
    verdict: verdictOf(violations, complete),
    complete,
    states: sum("states"),
    transitions: sum("transitions"),
    depth: Math.max(0, ...all.map((result) => result.figures.depth)),
    seconds: (performance.now() - started) / 1000,
    collisionProbability: collision(sum("states"), options.store),
    violations,
    hiddenBy: hiddenReasons(bits("hidden")),
    sometimes: Object.fromEntries(scenario.sometimes.map((name) => [name, seen.has(name)])),
    cases: Object.fromEntries(byCase.map(([name, result]) => [name, result.figures.states])),
    ...(absent.length === 0 ? {} : { note: `${edition.name} refuses the call of: ${absent.join(", ")}` }),
    hardware: options.hardware ?? "saturated",
    ...(options.reduce === undefined ? {} : reductionsOf(all.map(({ reduction }) => reduction))),
    ...(scenario.values === undefined ? {} : { parameters: scenario.values }),
    bytesPerState: Math.max(...all.map((result) => result.figures.bytesPerState)),
    ...(complete
      ? {}
      : { stoppedBy: all.find((result) => result.stoppedBy)?.stoppedBy ?? "time", queue: sum("queue") }),
    ...expectedOf(all),
    ...storeFigures(options.store, sum("omitted")),
    ...concreteFigures(scenario, options, all, sum),
  };
}

function storeFigures(store: StoreKind = "exact", omitted = 0): Partial<CheckResultRow> {
  if (store === "exact") return {};
  return { store, ...(STORES[store].lossy ? { expectedOmissions: omitted } : {}) };
}

/** The states of the row in the end; nothing when all are known, or when it is too early to say for some case. */
function expectedOf(all: readonly CaseResult[]): { estimate?: Estimate } {
  const cut = all.filter(({ stoppedBy }) => stoppedBy !== undefined && stoppedBy !== "store");
  const sums = { states: 0, low: 0, high: 0 };
  for (const { figures } of all) {
    const { states } = figures;
    const found = cut.some((one) => one.figures === figures)
      ? estimate(figures.layers)
      : { states, low: states, high: states };
    if (found === undefined) return {};
    sums.states += found.states;
    sums.low += found.low;
    sums.high += found.high;
  }
  return cut.length === 0 ? {} : { estimate: sums };
}

/** Chance that at least two of the states agree in all bits that are stored. */
function collision(states: number, store: StoreKind = "exact"): number {
  return Math.min(1, states ** 2 / 2 ** (STORES[store].bits + 1));
}

/** What only a search with concrete TLBs can count. */
function concreteFigures(
  scenario: Scenario,
  options: CaseOptions,
  all: readonly CaseResult[],
  sum: (field: "instances" | "badStates") => number,
): Partial<CheckResultRow> {
  if (scenario.machine?.oracle !== false && options.hardware !== "enumerated") return {};
  const depths = all.flatMap((result) => result.figures.badDepth ?? []);
  const setHash = all.length === 1 ? all[0]?.setHash : undefined;
  return {
    violationInstances: sum("instances"),
    badStates: sum("badStates"),
    shortestBadDepth: depths.length === 0 ? null : Math.min(...depths),
    ...(setHash === undefined ? {} : { setHash }),
  };
}

export function verdictOf(violations: readonly { severity: Severity }[], complete: boolean): Verdict {
  if (violations.some((violation) => violation.severity === "harm")) return "violated";
  if (!complete) return "bounded";
  return violations.length > 0 ? "masked" : "holds";
}
