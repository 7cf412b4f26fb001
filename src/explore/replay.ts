/**
 * `replay`: one schedule, step by step, in plain words, with the witness of what it shows.
 */
import { OBLIGATION_TABLE } from "../../assembly/abi/tasks.js";
import { InputError } from "../error.js";
import type { Machine, RawViolation } from "../machine.js";
import { kindName, severityOf } from "../names.js";
import type { Scenario } from "../scenarios/scenario.js";
import { decodeSchedule, parseToken, type Token } from "../schedule.js";
import { caseIn } from "./check.js";
import { chooseBackend, chooseEdition, chooseScenario } from "./choose.js";
import { fillIn, formatAddress, formatFrame, notesOf, placeholders, readEvents } from "./describe.js";
import { judgeEnd, pathOf, restart } from "./path.js";
import { type Reason, reasonOf } from "./reason.js";
import { type StageOptions, stage } from "./stage.js";
import { findWitness, needsWitness, type Witness, type WitnessStep } from "./witness.js";

export interface StoryStep {
  /** Number of the step in the run; hardware steps of the witness have none. */
  readonly step?: number;
  readonly cpu: number;
  /** Task, interrupt or hardware. */
  readonly who: string;
  /** Kernel function and line; empty for hardware. */
  readonly fn: string;
  readonly text: string;
  /** What it does, in plain words. */
  readonly effect: string;
  /** What it means: who may still hold what, what is free, which promise is broken. */
  readonly notes: readonly string[];
}

export interface Story {
  readonly schema: "shootdown/replay@1";
  readonly token: string;
  readonly scenario: string;
  readonly case: string;
  readonly edition: string;
  readonly backend: string;
  readonly steps: readonly StoryStep[];
  readonly violations: readonly { kind: string; severity: string; step: number; confirmed: boolean }[];
  /** Why the worst violation could happen; not given when it is about no entry that somebody may still hold. */
  readonly reason?: Reason;
  /** Hash of the final state: the same on every machine. */
  readonly hash: string;
}

/** What a token names. Throws an InputError when there is no such thing. */
export function placeOf(token: string, own: readonly Scenario[] = []): StageOptions {
  const parsed = parseToken(token);
  const scenario = own.find((s) => s.name === parsed.scenario) ?? chooseScenario(parsed.scenario);
  const original = scenario.cases.find((c) => c.name === parsed.case);
  if (original === undefined) {
    throw new InputError(`${scenario.name} has no case "${parsed.case}"`, {
      source: token,
      remedy: `choose one of: ${scenario.cases.map((c) => c.name).join(", ")}`,
    });
  }
  const edition = chooseEdition(parsed.edition, scenario);
  return { scenario, which: caseIn(original, edition), edition, backend: chooseBackend(parsed.backend) };
}

/** Replays a token of one of our scenarios, or of `own`. Throws an InputError when it does not fit. */
export function replay(token: string, own: readonly Scenario[] = []): Story {
  const what = placeOf(token, own);
  const machine = stage(what);
  const path = pathOfToken(machine, parseToken(token), token);
  return tell(what, machine, path, token);
}

function pathOfToken(machine: Machine, parsed: Token, token: string): number[] {
  const bytes = decodeSchedule(parsed.schedule, token);
  const { path, misfit, unused } = pathOf(machine, bytes, parsed.steps);
  if (misfit !== undefined) {
    throw new InputError(`agent ${bytes[misfit]} cannot move at choice ${misfit + 1} (step ${path.length + 1})`, {
      source: token,
      remedy: "the schedule belongs to another scenario, edition or version; run `shootdown check` for a new one",
    });
  }
  if (unused > 0 || (parsed.steps !== undefined && path.length < parsed.steps)) {
    const what =
      unused > 0 ? `${unused} choices are left over when the run ends` : `the run ends after ${path.length} steps`;
    throw new InputError(what, {
      source: token,
      remedy: "the schedule belongs to another scenario, edition or version",
    });
  }
  return path;
}

/** The story of a path: every step, and the hardware steps that prove its last violation. */
export function tell(what: StageOptions, machine: Machine, path: readonly number[], token: string): Story {
  restart(machine);
  const steps = path.map((agent, i) => tellStep(what, machine, agent, i + 1));
  const hash = machine.hash();
  judgeEnd(machine);
  const violations = machine.violations();
  const worst = violations.filter(needsWitness).sort(bySeverity).at(-1);
  const witness = worst === undefined ? undefined : findWitness(what, path, worst);
  const told = witness === undefined || worst === undefined ? steps : withWitness(machine, steps, witness, worst);
  const reason = worst === undefined ? undefined : reasonOf(what, path, worst, witness);
  return {
    schema: "shootdown/replay@1",
    token,
    scenario: what.scenario.name,
    case: what.which.name,
    edition: what.edition.name,
    backend: what.backend.name,
    steps: told,
    violations: violations.map((violation) => ({
      kind: kindName(violation.kind),
      severity: severityOf(kindName(violation.kind)),
      step: violation.step,
      confirmed: !needsWitness(violation) || findWitness(what, path.slice(0, violation.step), violation) !== undefined,
    })),
    ...(reason === undefined ? {} : { reason }),
    hash,
  };
}

/** Protocol before harm, early before late; of two in one step the plainer story comes last. */
function bySeverity(a: RawViolation, b: RawViolation): number {
  const rank = (v: RawViolation): number => (severityOf(kindName(v.kind)) === "harm" ? 1 : 0);
  return rank(a) - rank(b) || a.step - b.step || b.kind - a.kind;
}

function tellStep(what: StageOptions, machine: Machine, agent: number, step: number): StoryStep {
  const { tasks } = what.which;
  const mms = what.scenario.mms;
  machine.core.call.trace(1);
  if (agent >= tasks.length) {
    machine.core.call.stepAgent(agent);
    const cpu = agent - tasks.length;
    const notes = notesOf(machine, readEvents(machine), mms);
    machine.core.call.trace(0);
    return {
      step,
      cpu,
      who: "interrupt",
      fn: "flush_tlb_func",
      text: "flush interrupt",
      effect: "takes the flush interrupt",
      notes,
    };
  }
  const pc = machine.pcOf(agent);
  const op = machine.program[pc];
  const before = placeholders(machine, agent, mms);
  // Sentences speak of what the step works on, so they are read before it; a page that it finds is known only after.
  const early = fillIn(op?.says ?? "", (name) => (name === "page" ? `{${name}}` : before(name)));
  const page = before("page");
  machine.core.call.stepAgent(agent);
  const after = placeholders(machine, agent, mms)("page");
  const notes = notesOf(machine, readEvents(machine), mms);
  machine.core.call.trace(0);
  const task = tasks[agent];
  return {
    step,
    cpu: task?.cpu ?? 0,
    who: task?.name ?? `task ${agent}`,
    fn: op?.fn ?? "",
    text: op?.text ?? "",
    effect: early.replaceAll("{page}", page === "T0" ? after : page),
    notes,
  };
}

function withWitness(
  machine: Machine,
  steps: readonly StoryStep[],
  witness: Witness,
  about: RawViolation,
): StoryStep[] {
  const told: StoryStep[] = [];
  const insert = (before: number): void => {
    for (const step of witness.steps) if (step.before === before) told.push(tellWitness(machine, step, about));
  };
  steps.forEach((step, i) => {
    insert(i + 1);
    told.push(step);
  });
  insert(steps.length + 1);
  return told;
}

function tellWitness(machine: Machine, step: WitnessStep, about: RawViolation): StoryStep {
  const where = formatAddress(machine.geometry, step.address);
  const frame = formatFrame(machine, step.frame);
  const freed = kindName(about.kind) === "STALE_TRANSLATION" || kindName(about.kind) === "STALE_WALK";
  const whose = freed ? "which belongs to somebody else now" : "which its page tables no longer give it";
  const table = (about.level & OBLIGATION_TABLE) !== 0;
  const effects: Readonly<Record<WitnessStep["what"], string>> = {
    fill: `caches ${where} -> ${frame} in its TLB, as it may at any time`,
    "fill-pointer": `caches the pointer to the table below ${where}, as it may at any time`,
    reuse: `${frame} is handed out again, and its new owner writes to it`,
    access: table
      ? `walks ${where} from the stale pointer, reads an entry there and reaches ${frame}, ${whose}`
      : `reads ${where} through its stale entry and reaches ${frame}, ${whose}`,
    write: `writes ${where} through its stale entry, although the page is read-only by now`,
    walk: `still starts the walk of ${where} at table ${frame}, which its mm no longer points to`,
  };
  const who = step.what === "reuse" ? "allocator" : step.what.startsWith("fill") ? "hardware" : "user";
  return { cpu: step.cpu, who, fn: "", text: "", effect: effects[step.what], notes: [] };
}
