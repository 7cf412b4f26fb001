/**
 * The smallest change of a listing that repairs a violation: found by trying, checked by searching every schedule.
 *
 *   move     the line that drops a lock goes down behind the next flush
 *   widen    a flush of a range becomes one of the whole address space; a record gets a level more
 *   insert   a flush of the whole address space where there was none, as late as it still helps
 *   commit   a commit that Linux has and this edition has not, ported back
 *
 * A change is a repair when no case of the scenario shows a violation with it, on this machine, beyond what the fixed
 * edition shows too, and when every case ends as it did: flushes may come and go, tables, pages and counts may not. A
 * commit of Linux's may end otherwise: it knows what it repairs.
 */
import { hasPath } from "../explore/check.js";
import { placeOf, type Story, type StoryStep } from "../explore/replay.js";
import type { StageOptions } from "../explore/stage.js";
import { backends } from "../kernel/arch/backends.js";
import { type Edition, findEdition } from "../kernel/editions.js";
import { kindNumber, type ViolationKind, violationKinds } from "../names.js";
import type { Case, Scenario } from "../scenarios/scenario.js";
import { type Candidate, candidatesOf, type Functions, type RepairKind } from "./candidates.js";
import { type Arena, type Outcome, search } from "./search.js";

export interface Repair {
  readonly kind: RepairKind;
  /** Of a commit: its twelve digits, or the name that the listings give a change whose commit is not known. */
  readonly commit?: string;
  readonly fn: string;
  readonly file: string;
  /** The change in words. */
  readonly text: string;
  /** Machines on which every case holds with it. */
  readonly backends: readonly string[];
}

export interface RepairResult {
  /** At most one of each kind, smallest first. */
  readonly repairs: readonly Repair[];
  readonly tried: number;
  readonly searches: number;
  readonly states: number;
  /** Cases of the scenario, each searched whole for every repair. */
  readonly cases: number;
  /** What the fixed edition shows too, and a repair may leave: violation kinds. */
  readonly left: readonly ViolationKind[];
  /** Every change of the four kinds was tried. */
  readonly complete: boolean;
}

export interface RepairOptions {
  /** Scenarios of your own. */
  readonly own?: readonly Scenario[];
  /** Most seconds (default 20). */
  readonly time?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { tried: number; total: number; text: string }) => void;
}

/** Searches may grow with a flush that waits, but not by more than this. */
const GROWTH = 20;
const KINDS: readonly RepairKind[] = ["move", "widen", "insert", "commit"];

/**
 * The smallest change of each kind that repairs what a replayed story shows, tried on its machine and then on the
 * others. Throws an InputError when the story's scenario is neither ours nor in `own`.
 */
export function repair(story: Story, options: RepairOptions = {}): Promise<RepairResult> {
  const from = story.reason?.cleared;
  const isOwn = ({ who, step = 0 }: StoryStep): boolean => from !== undefined && who === from.who && step >= from.step;
  const namesOf = (steps: readonly StoryStep[]): string[] => [...new Set(steps.map(({ fn }) => fn))];
  const functions = { own: namesOf(story.steps.filter(isOwn)), others: namesOf(story.steps) };
  return tryAll(placeOf(story.token, options.own), functions, options);
}

async function tryAll(what: StageOptions, functions: Functions, options: RepairOptions): Promise<RepairResult> {
  const deadline = performance.now() + 1000 * (options.time ?? 20);
  const trial = new Trial(what);
  const candidates = candidatesOf(what, functions);
  const repairs: Repair[] = [];
  let tried = 0;
  let complete = true;
  for (const candidate of candidates) {
    if (repairs.some(({ kind }) => kind === candidate.kind)) continue;
    if (options.signal?.aborted || performance.now() > deadline) {
      complete = false;
      break;
    }
    options.onProgress?.({ tried, total: candidates.length, text: candidate.text });
    tried++;
    if (trial.repairs(candidate, what.backend)) repairs.push(told(candidate, trial, what));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const order = (one: Repair): number => KINDS.indexOf(one.kind);
  repairs.sort((a, b) => order(a) - order(b));
  const { searches, states } = trial;
  return { repairs, tried, searches, states, cases: trial.cases.length, left: trial.left(), complete };
}

function told(candidate: Candidate, trial: Trial, what: StageOptions): Repair {
  const { edition, ...rest } = candidate;
  const others = backends.filter((backend) => backend !== what.backend && trial.repairs(candidate, backend));
  return { ...rest, backends: [what.backend, ...others].map(({ name }) => name) };
}

/** What every case shows unchanged, and whether a changed edition shows less and ends alike. */
class Trial {
  searches = 0;
  states = 0;
  readonly #unchanged = new Map<string, Outcome>();
  readonly #fixed: Edition | undefined;

  constructor(readonly what: StageOptions) {
    const { fixed } = what.scenario;
    this.#fixed = fixed === undefined ? undefined : findEdition(fixed);
  }

  get cases(): readonly Case[] {
    return this.what.scenario.cases.filter((which) => hasPath(which, this.what.edition));
  }

  /** What the fixed edition shows on the first machine. */
  left(): ViolationKind[] {
    const { scenario, backend } = this.what;
    const fixed = this.#fixed;
    if (fixed === undefined) return [];
    const kinds = this.cases.reduce((all, which) => all | this.#known({ scenario, which, backend }, fixed).kinds, 0);
    return violationKinds.filter((kind) => ((kinds >>> kindNumber(kind)) & 1) === 1);
  }

  repairs({ edition, kind }: Candidate, backend: StageOptions["backend"]): boolean {
    return this.cases.every((which) => {
      const arena = { scenario: this.what.scenario, which, backend };
      const before = this.#known(arena, this.what.edition);
      const allowed = this.#fixed === undefined ? 0 : this.#known(arena, this.#fixed).kinds;
      const after = this.#search(arena, edition, allowed, GROWTH * before.states + 1000);
      return (
        after.broken === undefined &&
        (after.kinds & ~allowed) === 0 &&
        (kind === "commit" || after.ends === before.ends)
      );
    });
  }

  /** Everything that an edition shows in a case, searched once. */
  #known(arena: Arena, edition: Edition): Outcome {
    const key = `${arena.which.name} ${arena.backend.name} ${edition.name}`;
    const known = this.#unchanged.get(key) ?? this.#search(arena, edition, 0xffffffff, 1e6);
    this.#unchanged.set(key, known);
    return known;
  }

  #search(arena: Arena, edition: Edition, known: number, statesMax: number): Outcome {
    const outcome = search(arena, edition, known, statesMax);
    this.searches++;
    this.states += outcome.states;
    return outcome;
  }
}
