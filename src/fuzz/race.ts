/**
 * `fuzz SCENARIO`: the scenario's own tasks on random schedules, on each back-end, each case for itself.
 *
 * Nothing but the schedule is drawn. A finding is made small and told as `check` would: a token and a witness.
 */
import { FuzzWord, Signature } from "../../assembly/abi/fuzz.js";
import { type Core, openCore } from "../core/core.js";
import { InputError } from "../error.js";
import { caseIn } from "../explore/check.js";
import { chooseBackend, chooseEdition, chooseScenarios } from "../explore/choose.js";
import { type StageOptions, stage } from "../explore/stage.js";
import { backends } from "../kernel/arch/backends.js";
import { newestEdition } from "../kernel/editions.js";
import { kindName, severityOf } from "../names.js";
import type { Scenario } from "../scenarios/scenario.js";
import { Arena, type StrategyName } from "./arena.js";
import type { FuzzFinding, FuzzOptions, FuzzProgress, FuzzResult } from "./fuzz.js";
import { tellFinding } from "./race-finding.js";

/** One case of a scenario on one back-end: how often it went wrong. */
export interface FuzzRace {
  readonly scenario: string;
  readonly case: string;
  readonly edition: string;
  readonly backend: string;
  readonly runs: number;
  readonly steps: number;
  /** Runs that ended in harm, and the first of them. */
  readonly harmRuns: number;
  readonly firstHarm?: number;
  /** Who can move: tasks and the interrupts of CPUs. And the steps of the longest run. */
  readonly agents: number;
  readonly longest: number;
  /** With PCT: a bug of that depth is hit by a run with at least this chance, 1 / (agents * longest^(depth - 1)). */
  readonly pctBound?: number;
  readonly bounded: number;
  readonly overflowed: number;
}

/** As for `fuzz`; without a back-end every one, and `runs` (20,000 without `time`) for each race. */
export interface FuzzScenariosOptions
  extends Pick<
    FuzzOptions,
    "edition" | "backend" | "time" | "runs" | "seed" | "strategy" | "depth" | "shrink" | "signal" | "onProgress"
  > {
  /** Names as `check` takes them, or scenarios of your own. */
  readonly scenarios: readonly (string | Scenario)[];
  /** A race ends soon after its first harm: at the end of a thousand runs. */
  readonly untilHarm?: boolean;
}

const DEFAULT_RUNS = 20_000;
const SLICE = 1000;

interface Drawn {
  readonly strategy: StrategyName;
  readonly depth: number;
  readonly seed: number;
}

/** The races that are asked for. A scenario of the catalogue runs without its fix, unless an edition is named. */
function racesOf(options: FuzzScenariosOptions): StageOptions[] {
  const machines = options.backend === undefined ? backends : [chooseBackend(options.backend)];
  return [...new Set(chooseScenarios(options.scenarios))].flatMap((scenario) => {
    if (scenario.machine?.oracle === false) {
      const remedy = `try every schedule: shootdown check ${scenario.name}`;
      throw new InputError(`${scenario.name} is judged by concrete TLBs, not in a fuzzer's run`, {
        source: "fuzz",
        remedy,
      });
    }
    const edition = chooseEdition(options.edition ?? scenario.vulnerable ?? newestEdition().name);
    return scenario.cases.flatMap((which) =>
      machines.map((backend) => ({ scenario, which: caseIn(which, edition), edition, backend })),
    );
  });
}

/** A race under way. */
class Race {
  readonly arena: Arena;
  runs = 0;
  steps = 0;
  /** Features seen. */
  coverage = 0;
  firstHarm: number | undefined;
  readonly found: { readonly firstRun: number; readonly schedule: Uint8Array }[] = [];
  readonly #what: StageOptions;
  readonly #drawn: Drawn;

  constructor(what: StageOptions, drawn: Drawn, core: Core) {
    this.#what = what;
    this.#drawn = drawn;
    this.arena = Arena.on(stage({ ...what, core }));
    this.arena.seed(drawn.seed);
    this.arena.choose(drawn.strategy, drawn.depth);
    this.arena.machine.core.call.fuzzFresh();
  }

  slice(most: number): void {
    let left = most;
    while (left > 0) {
      const batch = this.arena.run(left);
      this.steps += batch.steps;
      this.runs += batch.runs;
      left -= batch.runs;
      this.coverage = this.arena.get(FuzzWord.FEATURES);
      if (batch.found > 0 && this.firstHarm === undefined && this.arena.get(FuzzWord.HARMED) > 0)
        this.firstHarm = this.runs;
      for (let i = 0; i < batch.found; i++) this.found.push({ firstRun: this.runs, schedule: this.arena.followed() });
    }
  }

  figures(): FuzzRace {
    const { scenario, which, edition, backend } = this.#what;
    const agents = which.tasks.length + scenario.cpus.length;
    const longest = this.arena.get(FuzzWord.LONGEST);
    const { strategy, depth } = this.#drawn;
    return {
      scenario: scenario.name,
      case: which.name,
      edition: edition.name,
      backend: backend.name,
      runs: this.runs,
      steps: this.steps,
      harmRuns: this.arena.get(FuzzWord.HARMED),
      ...(this.firstHarm === undefined ? {} : { firstHarm: this.firstHarm }),
      agents,
      longest,
      ...(strategy === "pct" ? { pctBound: 1 / (agents * longest ** (depth - 1)) } : {}),
      bounded: this.arena.get(FuzzWord.BOUNDED),
      overflowed: this.arena.get(FuzzWord.OVERFLOWED),
    };
  }

  /** What was found; `cores`: where each is made small and looked for on concrete TLBs. */
  findings(cores: readonly [Core, Core] | undefined): FuzzFinding[] {
    const { arena } = this;
    const small = cores === undefined ? undefined : Arena.on(stage({ ...this.#what, core: cores[0] }));
    return this.found.map(({ firstRun, schedule }, i) => {
      const at = arena.get(FuzzWord.FINDINGS) + i * Signature.WORDS;
      const word = (field: Signature): number => arena.machine.get(at + field);
      const kind = kindName(word(Signature.KIND));
      const goal = { kind: word(Signature.KIND), birth: word(Signature.BIRTH), at: word(Signature.AT) };
      return {
        kind,
        severity: severityOf(kind),
        born: arena.lineName(goal.birth),
        where: arena.lineName(goal.at),
        firstRun,
        runs: word(Signature.COUNT),
        input: Buffer.from(schedule).toString("hex"),
        ...(small === undefined || cores === undefined
          ? {}
          : { race: tellFinding(this.#what, small, schedule, goal, cores[1]) }),
      };
    });
  }
}

/** Names in the order of their first use, separated by commas. */
const joined = (names: readonly string[]): string => [...new Set(names)].join(", ");

/** What all races have done so far. */
class Totals {
  readonly races: Race[] = [];
  readonly started = performance.now();

  seconds = (): number => (performance.now() - this.started) / 1000;
  sum = (of: (race: Race) => number): number => this.races.reduce((total, race) => total + of(race), 0);

  progress(): FuzzProgress {
    const runs = this.sum((race) => race.runs);
    const seconds = this.seconds();
    const findings = this.sum((race) => race.found.length);
    const coverage = this.sum((race) => race.coverage);
    return {
      runs,
      rate: runs / seconds,
      steps: this.sum((race) => race.steps),
      seconds,
      coverage,
      corpus: 0,
      findings,
    };
  }
}

function resultOf(drawn: Drawn, totals: Totals, races: FuzzRace[], findings: FuzzFinding[]): FuzzResult {
  const { runs, steps, coverage, seconds } = totals.progress();
  const sum = (of: (race: FuzzRace) => number): number => races.reduce((total, race) => total + of(race), 0);
  return {
    schema: "shootdown/fuzz@1",
    edition: joined(races.map((race) => race.edition)),
    backend: joined(races.map((race) => race.backend)),
    ...drawn,
    guided: false,
    runs,
    programs: races.length,
    steps,
    seconds,
    runsPerSecond: runs / seconds,
    coverage,
    corpus: { entries: 0, hash: "0".repeat(16) },
    bounded: sum((race) => race.bounded),
    overflowed: sum((race) => race.overflowed),
    rejected: 0,
    findings,
    races,
  };
}

/** Fuzzes the schedules of scenarios until the runs of each race are made or the time is up. */
export async function fuzzScenarios(options: FuzzScenariosOptions): Promise<FuzzResult> {
  const { strategy = "portfolio", depth = 3, seed = 1, signal } = options;
  const asked = racesOf(options);
  const runs = options.runs ?? (options.time === undefined ? DEFAULT_RUNS : Number.POSITIVE_INFINITY);
  const share = (options.time ?? Number.POSITIVE_INFINITY) / asked.length;
  const totals = new Totals();
  const core = openCore();
  const cores = options.shrink === false ? undefined : ([openCore(), openCore()] as const);
  const findings: FuzzFinding[] = [];
  const races: FuzzRace[] = [];
  for (const what of asked) {
    const race = new Race(what, { strategy, depth, seed }, core);
    totals.races.push(race);
    const began = totals.seconds();
    const done = (): boolean => race.runs >= runs || (options.untilHarm === true && race.firstHarm !== undefined);
    while (!done() && totals.seconds() - began < share && signal?.aborted !== true) {
      race.slice(Math.min(SLICE, runs - race.runs));
      options.onProgress?.(totals.progress());
      await new Promise((resolve) => setImmediate(resolve));
    }
    races.push(race.figures());
    findings.push(...race.findings(signal?.aborted === true ? undefined : cores));
    if (signal?.aborted === true) break;
  }
  return resultOf({ strategy, depth, seed }, totals, races, findings);
}
