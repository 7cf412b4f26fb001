/**
 * One run for a property: a scenario's schedule or a random program with its schedule, decoded from numbers that may be
 * anything, and the same made small. Data, with a token to replay.
 */
import { FUZZ_TASKS } from "../../assembly/abi/fuzz.js";
import { caseIn } from "../explore/check.js";
import { chooseBackend, chooseEdition, chooseScenario } from "../explore/choose.js";
import { choicesOf, enabledAgents, follow, judgeEnd, pathOf, restart } from "../explore/path.js";
import { shrink } from "../explore/shrink.js";
import { type StageOptions, stage } from "../explore/stage.js";
import { stageProgram } from "../fuzz/case.js";
import { arenaFor, type FuzzOneResult, fuzzOne } from "../fuzz/one.js";
import { agentOn, callText, type Program } from "../fuzz/program.js";
import { shrinkInput } from "../fuzz/shrink.js";
import { findingsShown } from "../fuzz/target.js";
import { programToken } from "../fuzz/token.js";
import { newestEdition } from "../kernel/editions.js";
import type { Machine } from "../machine.js";
import { kindName, kindNumber, type Severity, severityOf, type ViolationKind } from "../names.js";
import type { CallStep, Scenario } from "../scenarios/scenario.js";
import { encodeSchedule, formatToken } from "../schedule.js";

export interface RunViolation {
  readonly kind: ViolationKind;
  readonly severity: Severity;
  readonly step: number;
  /** Kernel function and line. */
  readonly where: string;
}

/** A run that a property is about. */
export interface DrawnRun {
  /** `shootdown replay TOKEN` tells it; so does `replay(token)`. */
  readonly token: string;
  readonly edition: string;
  readonly backend: string;
  readonly steps: number;
  readonly violations: readonly RunViolation[];
}

/** A program with its schedule. */
export interface DrawnProgram extends DrawnRun {
  readonly program: Program;
  /** The bytes of `fuzzOne`: program and schedule. */
  readonly bytes: Uint8Array;
}

export interface RaceOptions {
  /** Name of a case; the scenario's first one by default. */
  readonly case?: string;
  /** By default the scenario's edition without the fix, or the newest release. */
  readonly edition?: string;
  /** x86 by default. */
  readonly backend?: string;
}

const STEPS_MAX = 10_000;

/** A scenario's case on a machine, on which schedules are run one after another. */
export class Race {
  readonly #what: StageOptions;
  readonly #machine: Machine;

  /** Throws an InputError for a name that does not exist. */
  constructor(named: string | Scenario, options: RaceOptions = {}) {
    const scenario = typeof named === "string" ? chooseScenario(named) : named;
    const name = options.edition ?? scenario.vulnerable ?? scenario.ownEditions?.[0]?.name ?? newestEdition().name;
    const edition = chooseEdition(name, scenario);
    const which = scenario.cases.find((one) => options.case === undefined || one.name === options.case);
    if (which === undefined) throw new RangeError(`${scenario.name} has no case "${options.case}"`);
    const backend = chooseBackend(options.backend ?? "x86");
    this.#what = { scenario, which: caseIn(which, edition), edition, backend };
    this.#machine = stage(this.#what);
  }

  /** Any numbers are a schedule: each takes the next one of those who can move; then whoever moved last goes on. */
  run(numbers: readonly number[]): DrawnRun {
    return this.#told(this.#walk(numbers));
  }

  /** The shortest run that our shrinker finds with the kind of violation; undefined when there is none to keep. */
  smallest(kind: ViolationKind, numbers: readonly number[]): DrawnRun | undefined {
    const smaller = this.#told(shrink(this.#machine, this.#walk(numbers), kindNumber(kind)));
    return smaller.violations.some((other) => other.kind === kind) ? smaller : undefined;
  }

  #walk(numbers: readonly number[]): number[] {
    const machine = this.#machine;
    restart(machine);
    const path: number[] = [];
    let read = 0;
    for (let able = enabledAgents(machine); able.length > 0 && path.length < STEPS_MAX; able = enabledAgents(machine)) {
      const last = path.at(-1);
      let agent = last !== undefined && able.includes(last) ? last : (able[0] as number);
      if (able.length > 1 && read < numbers.length) agent = able[(numbers[read++] as number) % able.length] as number;
      machine.core.call.stepAgent(agent);
      path.push(agent);
    }
    return path;
  }

  #told(path: readonly number[]): DrawnRun {
    const machine = this.#machine;
    const { scenario, which, edition, backend } = this.#what;
    const schedule = encodeSchedule(choicesOf(machine, path));
    judgeEnd(machine);
    const violations = machine.violations().map(({ kind: number, step, pc }) => {
      const [kind, op] = [kindName(number), machine.program[pc]];
      const where = op === undefined ? "" : `${op.fn}: ${op.text}`;
      return { kind, severity: severityOf(kind), step, where };
    });
    const names = { scenario: scenario.name, case: which.name, edition: edition.name, backend: backend.name };
    const token = formatToken({ ...names, schedule, steps: path.length });
    return { token, edition: edition.name, backend: backend.name, steps: path.length, violations };
  }
}

/** Harm before broken promises, and early before late. */
export function byGravity<V extends RunViolation>(violations: readonly V[]): V[] {
  const isHarm = ({ severity }: V): number => (severity === "harm" ? 0 : 1);
  return [...violations].sort((a, b) => isHarm(a) - isHarm(b) || a.step - b.step);
}

export interface ProgramsOptions {
  /** The newest release by default. */
  readonly edition?: string;
  /** x86 by default. */
  readonly backend?: string;
}

/** Any bytes as a run of a program: violations are what a campaign of `fuzz` would report. */
export function runProgram(bytes: Uint8Array, options: ProgramsOptions = {}): DrawnProgram {
  const { edition, backend, program, canonical, steps } = fuzzOne(bytes, options);
  const violations = findingsShown(arenaFor(edition, backend)).map(({ target: _, born: __, ...told }) => told);
  return toldProgram({ edition, backend, program, bytes: canonical, steps, violations });
}

const toldProgram = (run: Omit<DrawnProgram, "token">): DrawnProgram => ({
  ...run,
  token: programToken(run.edition, run.backend, run.bytes, run.steps),
});

/** The smallest program with the kind of violation, on a schedule as short; undefined when there is none to keep. */
export function smallestProgram(run: DrawnProgram, wanted: ViolationKind): DrawnProgram | undefined {
  const arena = arenaFor(run.edition, run.backend);
  fuzzOne(run.bytes, run);
  const shown = findingsShown(arena).find(({ kind }) => kind === wanted);
  const bytes = shown === undefined ? undefined : shrinkInput(arena, run.bytes, shown.target);
  if (shown === undefined || bytes === undefined) return undefined;
  const small = fuzzOne(bytes, run);
  const kept = findingsShown(arena).find(({ kind, where }) => kind === wanted && where === shown.where);
  if (kept === undefined) return undefined;
  const { target: _, born: __, ...violation } = kept;
  return (
    shorterSchedule(small, violation) ?? toldProgram({ ...small, bytes: small.canonical, violations: [violation] })
  );
}

/** The run cut at its violation, with the steps left out that it does not need. */
function shorterSchedule(run: FuzzOneResult, violation: RunViolation): DrawnProgram | undefined {
  const { edition, backend, program } = run;
  const tasks = program.tasks.length;
  const { machine } = stageProgram(program, edition, backend);
  const number = kindNumber(violation.kind);
  const choices = run.schedule.map((agent) => agentOn(tasks, agent));
  const path = shrink(machine, pathOf(machine, choices, run.steps).path, number);
  if (!follow(machine, path, number).found) return undefined;
  const agents = choicesOf(machine, path).map((agent) => (agent < tasks ? agent : agent - tasks + FUZZ_TASKS));
  const head = run.canonical.subarray(0, run.canonical.length - run.schedule.length);
  const again = runProgram(Uint8Array.from([...head, ...agents]), { edition, backend });
  const same = again.violations.find(({ kind, where }) => kind === violation.kind && where === violation.where);
  if (same === undefined) return undefined;
  return toldProgram({ ...again, steps: same.step, violations: [same] });
}

/** What each task of a program does, in words. */
export function programText({ program }: DrawnProgram): string {
  const line = (who: string, calls: readonly CallStep[]): string => `  ${who}: ${calls.map(callText).join("; ")}`;
  const setup = program.setup.map(({ mm, calls }) => line(`first, ${mm}`, calls));
  const tasks = program.tasks.map(({ cpu, mm, calls }) => line(`CPU${cpu}, ${mm}`, calls));
  return [...setup, ...tasks].join("\n");
}
