/**
 * A case: a shrunk finding as a file: the program in words, its schedule, and the violation that it shows.
 *
 * A file outlives the bytes of an input: calls and arguments stand in it by name.
 */

import { InputError } from "../error.js";
import { check } from "../explore/check.js";
import { chooseBackend, chooseEdition } from "../explore/choose.js";
import { choicesOf, follow, pathOf } from "../explore/path.js";
import { type Story, tell } from "../explore/replay.js";
import { compareSaved, listingsOf, remedyOf, type SavedComparison, traceOf } from "../explore/saved.js";
import { shrink } from "../explore/shrink.js";
import { type StageOptions, stage } from "../explore/stage.js";
import type { Machine } from "../machine.js";
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

const SEARCH_STATES = 200_000;
const SEARCH_SECONDS = 5;

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

/** The line at which a path first shows a violation of `kind`. */
function whereOn(machine: Machine, kind: number): string {
  const violation = machine.violations().find((other) => other.kind === kind);
  const op = violation === undefined ? undefined : machine.program[violation.pc];
  return op === undefined ? "flush interrupt" : `${op.fn}: ${op.text}`;
}

/**
 * Makes a case of a run that showed `kind` at the line `at`: its own schedule made shorter, or the shortest of all
 * schedules when those can be tried. Undefined when the run does not show it.
 */
export async function makeCase(run: FuzzOneResult, kind: ViolationKind, at: string): Promise<CaseFile | undefined> {
  const { what, machine } = stageProgram(run.program, run.edition, run.backend);
  const number = kindNumber(kind);
  const choices = run.schedule.map((agent) => agentOn(run.program.tasks.length, agent));
  const first = follow(machine, pathOf(machine, choices, run.steps).path, number);
  if (!first.found) return undefined;
  const own = shrink(machine, first.path, number);
  const path = (await shortest(what, machine, kind, at)) ?? own;
  const schedule = encodeSchedule(choicesOf(machine, path));
  const violation = machine.violations().find((other) => other.kind === number);
  if (violation === undefined) return undefined;
  const where = whereOn(machine, number);
  const story = tell(what, machine, path, "");
  const { confirmed = false } = story.violations.find((other) => other.kind === kind) ?? {};
  return {
    schema: "shootdown/case@1",
    edition: run.edition,
    backend: run.backend,
    program: run.program,
    schedule,
    steps: path.length,
    violation: { kind, severity: severityOf(kind), where, confirmed },
    listings: listingsOf(what),
    trace: traceOf(story),
  };
}

/** The shortest path to the same kind at the same line, by exhaustive search; undefined beyond its bound. */
async function shortest(
  what: StageOptions,
  machine: Machine,
  kind: ViolationKind,
  where: string,
): Promise<number[] | undefined> {
  const { results } = await check({
    scenarios: [what.scenario],
    editions: [what.edition.name],
    backends: [what.backend.name],
    bound: SEARCH_STATES,
    time: SEARCH_SECONDS,
    witness: false,
  });
  const found = results[0]?.violations.find((violation) => violation.kind === kind);
  if (found === undefined) return undefined;
  const token = parseToken(found.schedule);
  const { path } = pathOf(machine, decodeSchedule(token.schedule), token.steps ?? 0);
  return follow(machine, path, kindNumber(kind)).found && whereOn(machine, kindNumber(kind)) === where
    ? path
    : undefined;
}

/** The story of a case, step by step, with its witness. Throws an InputError when it does not fit this version. */
export function replayCase(file: CaseFile, source: string): Story & { readonly saved?: SavedComparison } {
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
  const story = tell(what, machine, path, source);
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
