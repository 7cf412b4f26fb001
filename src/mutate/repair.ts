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
import { Reg } from "../../assembly/abi/operands.js";
import { Op } from "../../assembly/abi/ops.js";
import { hasPath } from "../explore/check.js";
import { placeOf, type Story, type StoryStep } from "../explore/replay.js";
import type { StageOptions } from "../explore/stage.js";
import { backends } from "../kernel/arch/backends.js";
import { findCall } from "../kernel/calls.js";
import { type Place, placesOf } from "../kernel/compile.js";
import { type Change, type Edition, findEdition, hasChange, orderOf } from "../kernel/editions.js";
import { arch, type Call, type Line, type Sub } from "../kernel/listing.js";
import * as k from "../kernel/ops.js";
import { kindNumber, type ViolationKind, violationKinds } from "../names.js";
import type { Case, Scenario } from "../scenarios/scenario.js";
import { flushes, isControl, isSingle, textOf, wider } from "./mutants.js";
import { type Arena, type Outcome, search } from "./search.js";

export type RepairKind = "move" | "widen" | "insert" | "commit";

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

/** Functions that the task went through which cleared the entry, and those of the others. */
interface Functions {
  readonly own: readonly string[];
  readonly others: readonly string[];
}

export interface RepairOptions {
  /** Scenarios of your own. */
  readonly own?: readonly Scenario[];
  /** Most seconds (default 20). */
  readonly time?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { tried: number; total: number; text: string }) => void;
}

interface Candidate {
  readonly kind: RepairKind;
  readonly commit?: string;
  readonly fn: string;
  readonly file: string;
  readonly text: string;
  readonly edition: Edition;
}

/** Searches may grow with a flush that waits, but not by more than this. */
const GROWTH = 20;
/** What a machine supplies is not to be changed; KVM's own tables are no such thing. */
const MACHINES = /^\(|^arch\/(?!.*kvm)/;
/** Files whose functions every gather runs through. */
const GATHERS = /asm-generic\/tlb\.h$|mmu_gather\.c$/;
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

function candidatesOf(what: StageOptions, functions: Functions): Candidate[] {
  const places = placesIn(what, [...functions.own, ...functions.others]);
  const inserted = insertions(what, places, functions);
  return [...commits(what), ...moves(what, places), ...widenings(what, places), ...inserted];
}

const callsOf = ({ scenario, which }: StageOptions): Call[] => {
  const named = [...scenario.setup, ...which.tasks].flatMap((part) => part.calls.map(({ call }) => call));
  return [...new Set(named)].flatMap((call) => (typeof call === "string" ? (findCall(call) ?? []) : call));
};

/** Lines of the tasks' calls in the given functions, each once; what a machine supplies is not to be changed. */
function placesIn(what: StageOptions, functions: readonly string[]): Place[] {
  const places: Place[] = [];
  const seen = new Map<readonly Line[], Set<number>>();
  for (const call of callsOf(what)) {
    for (const place of placesOf(call.listing, what.edition, what.backend)) {
      const known = seen.get(place.lines) ?? new Set();
      seen.set(place.lines, known.add(place.index));
      if (known.size === 0 || !functions.includes(place.fn) || MACHINES.test(place.file)) continue;
      if (!places.some((other) => other.lines === place.lines && other.index === place.index)) places.push(place);
    }
  }
  return places;
}

function changed(what: StageOptions, { fn, file }: Place, kind: RepairKind, text: string, change: Change): Candidate {
  return { kind, fn, file, text, edition: { ...what.edition, name: `${what.edition.name} (${text})`, change } };
}

const lineAt = ({ lines, index }: Place): Line => lines[index] as Line;

/** The line that drops a lock down behind the next flush of the same function. */
function moves(what: StageOptions, places: readonly Place[]): Candidate[] {
  return places.flatMap((place) => {
    const { lines, index } = place;
    const unlock = lines[index] as Line;
    if (!("kind" in unlock) || unlock.kind !== "op" || unlock.op !== Op.UNLOCK) return [];
    const at = lines.findIndex((line, i) => i > index && flushes(line));
    const between = lines.slice(index + 1, at + 1);
    if (at < 0 || between.some((line) => isControl(line) || ("kind" in line && line.kind === "label"))) return [];
    const text = `move \`${textOf(unlock)}\` down, after \`${flushIn(lines[at] as Line)}\``;
    return changed(what, place, "move", text, { lines, index, count: between.length + 1, by: [...between, unlock] });
  });
}

/** The first line of several that flushes. */
function flushIn(line: Line): string {
  const parts = !("kind" in line) ? line : line.kind === "edition" ? line.lines : [];
  const inner = parts.find(flushes);
  return inner === undefined ? textOf(line) : flushIn(inner);
}

/** A range becomes the whole address space; a record gets a level more. */
function widenings(what: StageOptions, places: readonly Place[]): Candidate[] {
  return places.flatMap((place) => {
    const line = lineAt(place);
    const { lines, index } = place;
    const one = (by: readonly Line[], text: string): Candidate =>
      changed(what, place, "widen", text, { lines, index, count: 1, by });
    if (!("kind" in line)) return [];
    if (line.kind === "arch" && line.name === "flush_tlb_range")
      return one([arch("flush_tlb_mm")], "`flush_tlb_mm()` instead of `flush_tlb_range()`");
    return line.kind === "op" ? wider(line).map((by) => one([by], `\`${textOf(by)}\``)) : [];
  });
}

/**
 * A flush of the whole address space, latest place first: in the functions of the task that cleared the entry before
 * those of others, and in what all gathers run through last of all.
 */
function insertions(what: StageOptions, places: readonly Place[], functions: Functions): Candidate[] {
  const flush = [k.move(Reg.FLUSH_MM, Reg.MM), arch("flush_tlb_mm")];
  const rank = ({ fn, file }: Place): number => (functions.own.includes(fn) ? 0 : 1) + (GATHERS.test(file) ? 2 : 0);
  const ordered = [...places].reverse().sort((a, b) => rank(a) - rank(b));
  return ordered.flatMap((place) => {
    const { lines, index } = place;
    const line = lineAt(place);
    // A reader finds the place by a line that does something.
    if (!isSingle(line) || isControl(line) || ("kind" in line && line.kind === "op" && line.says === "")) return [];
    const text = `insert \`flush_tlb_mm(mm)\` before \`${textOf(line)}\``;
    return changed(what, place, "insert", text, { lines, index, count: 0, by: flush });
  });
}

type SubName = Pick<Sub, "name" | "file">;

interface Where {
  readonly fn: string;
  readonly file: string;
  readonly release: string;
}

/** Commits that decide about lines here and below, and that the edition has not; each where it is met first. */
function collect(lines: readonly Line[], sub: SubName, what: StageOptions, found: Map<string, Where>): void {
  for (const line of lines) {
    if (!("kind" in line)) collect(line, sub, what, found);
    else if (line.kind === "sub") collect(line.lines, line, what, found);
    else if (line.kind === "arch") collect(what.backend.hooks[line.name], sub, what, found);
    else if (line.kind === "edition") {
      const release = line.since ?? line.until;
      const { commit } = line;
      if (
        release !== undefined &&
        commit !== undefined &&
        !found.has(commit) &&
        !hasChange(what.edition, release, commit)
      )
        found.set(commit, { fn: sub.name, file: sub.file, release });
      collect(line.lines, sub, what, found);
    }
  }
}

/** What the edition lacks of its calls' commits: those taken out first, then the next release's. */
function commits(what: StageOptions): Candidate[] {
  const lacking = new Map<string, Where>();
  for (const { listing } of callsOf(what)) collect(listing.lines, listing, what, lacking);
  const { without = [] } = what.edition;
  const rank = ([commit, { release }]: [string, Where]): number => (without.includes(commit) ? -1 : orderOf(release));
  const nearest = [...lacking].sort((a, b) => rank(a) - rank(b));
  return nearest.map(([commit, { fn, file, release }]) => ({
    kind: "commit" as const,
    commit,
    fn,
    file,
    text: `${/^[0-9a-f]{12}$/.test(commit) ? "commit" : "the change"} ${commit} (${release})`,
    edition: {
      ...what.edition,
      name: `${what.edition.name}+${commit}`,
      without: without.filter((other) => other !== commit),
      with: [...(what.edition.with ?? []), commit],
    },
  }));
}
