/**
 * One exhaustive search of one case on one back-end, for an edition that may have been changed anywhere: its set-up may
 * fail, its listings may never end or crash the machine. All of that is an answer, not an accident.
 */
import { Status } from "../../assembly/abi/events.js";
import { Run } from "../../assembly/abi/layout.js";
import { openSearchCore, type SearchCore } from "../core/core.js";
import { caseIn } from "../explore/check.js";
import { ExhaustiveSearch } from "../explore/search.js";
import { stage } from "../explore/stage.js";
import type { Backend } from "../kernel/arch/backends.js";
import type { Edition } from "../kernel/editions.js";
import { kindNumber, severityOf, type ViolationKind, violationKinds } from "../names.js";
import type { Case, Scenario } from "../scenarios/scenario.js";

/** A place to look: one case of one scenario on one back-end. */
export interface Arena {
  readonly scenario: Scenario;
  readonly which: Case;
  readonly backend: Backend;
}

export interface Outcome {
  /** Bit set of violation kinds. */
  readonly kinds: number;
  readonly states: number;
  /** Distinct ends of the run, and their sum: tables, pages, counts, files, signals, values. */
  readonly ends: string;
  /** Why there is no answer of the usual kind: the set-up fails, or the search does not end. */
  readonly broken?: string;
}

const MEMORY_MIB = 64;
const SLICE = 4000;

let core: SearchCore | undefined;

/** Searches every schedule, or up to the first kind that is not in `known`, or up to `statesMax`. */
export function search(arena: Arena, edition: Edition, known: number, statesMax: number): Outcome {
  const nothing = { kinds: 0, states: 0, ends: "" };
  core ??= openSearchCore();
  try {
    const which = caseIn(arena.which, edition);
    const machine = stage({ ...arena, which, edition, core });
    const asked = { hardware: "oracle", memoryMib: MEMORY_MIB, statesMax, stopMask: ~known } as const;
    const exhaustive = new ExhaustiveSearch(core, machine, asked);
    while (exhaustive.slice(SLICE) === Status.RUNNING);
    const kinds = machine.run(Run.KINDS);
    const states = machine.run(Run.STATES);
    const ends = `${machine.core.call.outcomesSeen()}:${machine.core.call.outcomesSum()}`;
    const endless = (kinds & ~known) === 0 && machine.run(Run.COMPLETE) !== 1;
    return endless ? { kinds, states, ends, broken: "the search does not end" } : { kinds, states, ends };
  } catch (error) {
    // What a wrong listing does to the machine is the listing's fault; the core's memory is not to be trusted after it.
    core = undefined;
    return { ...nothing, broken: error instanceof Error ? error.message : String(error) };
  }
}

/** The first new kind of an outcome, harm before protocol. */
export function newKind(outcome: Outcome, known: number): ViolationKind | undefined {
  const fresh = violationKinds.filter((kind) => ((outcome.kinds & ~known) >>> kindNumber(kind)) & 1);
  return fresh.find((kind) => severityOf(kind) === "harm") ?? fresh[0];
}
