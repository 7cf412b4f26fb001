/**
 * A case: a shrunk finding as a file: the program in words, its schedule, and the violation that it shows.
 *
 * A file outlives the bytes of an input: calls and arguments stand in it by name.
 */

import { InputError } from "../error.js";
import { check } from "../explore/check.js";
import { chooseBackend, chooseEdition } from "../explore/choose.js";
import { choicesOf, follow, type Goal, pathOf } from "../explore/path.js";
import { type Story, tell, type Watch } from "../explore/replay.js";
import { compareSaved, listingsOf, remedyOf, type SavedComparison, traceOf } from "../explore/saved.js";
import { shrink } from "../explore/shrink.js";
import { type StageOptions, stage } from "../explore/stage.js";
import type { Machine, RawViolation } from "../machine.js";
import { kindNumber, type Severity, severityOf, type ViolationKind } from "../names.js";
import type { Case, Scenario } from "../scenarios/scenario.js";
import { decodeSchedule, encodeSchedule, parseToken } from "../schedule.js";
import type { FuzzOneResult } from "./one.js";
import { agentOn, type Program, scenarioOf } from "./program.js";

export interface CaseFile {
  readonly schema: "shootdown/case@1";
  readonly edition: string;
  readonly backend: string;
  readonly program: Program;
  /** Agents by number, one character each: tasks, then the interrupts of the CPUs. */
  readonly schedule: string;
  /** Steps up to the violation. */
  readonly steps: number;
  readonly violation: {
    readonly kind: ViolationKind;
    readonly severity: Severity;
    /** Kernel function and line. */
    readonly where: string;
    /** A witness on concrete TLBs exists, or the violation is a fact of the run itself. */
    readonly confirmed: boolean;
  };
  /** Hashes of the kernel functions that the calls can run, and of every step: what another version compares. */
  readonly listings?: Readonly<Record<string, string>> | undefined;
  readonly trace?: string | undefined;
}

/** No bound on time: the same finding is the same case on a slow machine. */
const SEARCH_STATES = 200_000;

/** Where what is owed was taken away, and where it was noticed: kernel function and line. */
export interface Lines {
  readonly born: string;
  readonly where: string;
}

/** As an arena names it (arena.ts). */
const INTERRUPT = "flush interrupt";

interface Staged {
  readonly what: StageOptions;
  readonly machine: Machine;
}

/** A machine at the start of the program's race. */
export function stageProgram(program: Program, editionName: string, backendName: string): Staged {
  const scenario: Scenario = scenarioOf(program);
  const [edition, backend] = [chooseEdition(editionName), chooseBackend(backendName)];
  const what = { scenario, which: scenario.cases[0] as Case, edition, backend };
  const machine = stage(what);
  return { what, machine };
}

/** The violation of a kind that was born and seen at the lines of the finding. */
class AtLines implements Goal {
  readonly kind: number;
  readonly #machine: Machine;
  readonly #lines: Lines;
  #taken: string[] = [];

  constructor(machine: Machine, kind: number, lines: Lines) {
    this.#machine = machine;
    this.kind = kind;
    this.#lines = lines;
  }

  before(step: number, agent: number): void {
    if (step === 0) this.#taken = [];
    else if (agent < this.#machine.config.tasks) this.#taken[step] = this.#lineAt(this.#machine.pcOf(agent));
  }

  #lineAt(pc: number): string {
    const op = this.#machine.program[pc];
    return op === undefined ? INTERRUPT : `${op.fn}: ${op.text}`;
  }

  violation(): RawViolation | undefined {
    const { born, where } = this.#lines;
    return this.#machine.violations().find((other) => {
      if (other.kind !== this.kind || this.#lineAt(other.pc) !== where) return false;
      return born === (other.birth === 0 ? "" : (this.#taken[other.birth] ?? INTERRUPT));
    });
  }

  reached = (): boolean => this.violation() !== undefined;
}

/**
 * Makes a case of a run that showed `kind` at these lines: its own schedule made shorter, or the shortest of all
 * schedules when those can be tried. Undefined when the run does not show it.
 */
export async function makeCase(run: FuzzOneResult, kind: ViolationKind, lines: Lines): Promise<CaseFile | undefined> {
  const { what, machine } = stageProgram(run.program, run.edition, run.backend);
  const goal = new AtLines(machine, kindNumber(kind), lines);
  const choices = run.schedule.map((agent) => agentOn(run.program.tasks.length, agent));
  const first = follow(machine, pathOf(machine, choices, run.steps).path, goal);
  if (!first.found) return undefined;
  const path = (await shortest(what, machine, goal)) ?? shrink(machine, first.path, goal);
  const schedule = encodeSchedule(choicesOf(machine, path));
  const story = tell(what, machine, path, "");
  const { confirmed = false } = story.violations.find((other) => other.kind === kind) ?? {};
  return {
    schema: "shootdown/case@1",
    edition: run.edition,
    backend: run.backend,
    program: run.program,
    schedule,
    steps: path.length,
    violation: { kind, severity: severityOf(kind), where: lines.where, confirmed },
    listings: listingsOf(what),
    trace: traceOf(story),
  };
}

/** The shortest path to the kind, by exhaustive search, when it is at the same lines; undefined beyond its bound. */
async function shortest(what: StageOptions, machine: Machine, goal: Goal): Promise<number[] | undefined> {
  const { results } = await check({
    scenarios: [what.scenario],
    editions: [what.edition.name],
    backends: [what.backend.name],
    bound: SEARCH_STATES,
    witness: false,
  });
  const found = results[0]?.violations.find((violation) => kindNumber(violation.kind) === goal.kind);
  if (found === undefined) return undefined;
  const token = parseToken(found.schedule);
  const { path } = pathOf(machine, decodeSchedule(token.schedule), token.steps ?? 0);
  return follow(machine, path, goal).found ? path : undefined;
}

/** The story of a case, step by step, with its witness. Throws an InputError when it does not fit this version. */
export function replayCase(
  file: CaseFile,
  source: string,
  watch?: Watch,
): Story & { readonly saved?: SavedComparison } {
  const { what, machine } = stageCase(file, source);
  const { path } = pathOf(machine, decodeSchedule(file.schedule, source), file.steps);
  const again = "the case belongs to another version of the listings; fuzz again for a new one";
  const remedy = file.listings === undefined ? again : remedyOf(file, what);
  if (path.length < file.steps) {
    throw new InputError(`the schedule fits for ${path.length} of ${file.steps} steps`, { source, remedy });
  }
  if (!follow(machine, path, kindNumber(file.violation.kind)).found) {
    throw new InputError(`the schedule does not show ${file.violation.kind} any more`, { source, remedy });
  }
  const story = tell(what, machine, path, source, watch);
  const saved = compareSaved(file, story, what);
  return saved === undefined ? story : { ...story, saved };
}

function stageCase(file: CaseFile, source: string): Staged {
  try {
    return stageProgram(file.program, file.edition, file.backend);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(error.message, { source, remedy: "write the program as docs/fuzzing.md has it" });
  }
}
