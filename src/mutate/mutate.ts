/**
 * `mutate`: does any check notice when a line of a fixed edition is taken out, swapped or narrowed?
 *
 *   found        a search meets a violation that the unchanged edition has not; or the change breaks the run itself
 *                (SET_UP), or breaks no promise but ends in other tables, pages, files or signals (WRONG_RESULT)
 *   equivalent   every schedule of every case that runs the line comes to the same ends, with the same violations
 *   unreached    no schedule of any case runs the line: the scenarios say nothing about it
 *   survived     nothing of all that, and a search was not finished
 */
import { Op } from "../../assembly/abi/ops.js";
import { InputError } from "../error.js";
import { hasPath } from "../explore/check.js";
import { chooseBackends, chooseEdition, chooseScenarios } from "../explore/choose.js";
import type { Backend } from "../kernel/arch/backends.js";
import { calls, findCall } from "../kernel/calls.js";
import { placesOf } from "../kernel/compile.js";
import { type Edition, releases } from "../kernel/editions.js";
import { type Call, type Line, op } from "../kernel/listing.js";
import type { Scenario } from "../scenarios/scenario.js";
import { exercises } from "./exercises.js";
import { type Mutant, type MutantKind, mutantsOf } from "./mutants.js";
import { type Saved, savedBy } from "./saved.js";
import { type Arena, newKind, type Outcome, search } from "./search.js";

export type MutantVerdict = "found" | "equivalent" | "unreached" | "survived";

export interface MutantResult {
  readonly id: string;
  readonly kind: MutantKind;
  readonly fn: string;
  readonly file: string;
  readonly line: string;
  readonly verdict: MutantVerdict;
  /** What noticed it: a violation kind, SET_UP when the race cannot even begin or never ends, or WRONG_RESULT. */
  readonly violation?: string;
  readonly scenario?: string;
  readonly case?: string;
  readonly backend?: string;
  /** Why nothing was found. */
  readonly reason?: string;
  /** Searches and states that it took. */
  readonly searches: number;
  readonly states: number;
  /** A flush that nothing misses: what one run of the tasks, one after another, saves without it. */
  readonly saves?: Saved | undefined;
}

export interface MutateResult {
  readonly schema: "shootdown/mutate@1";
  readonly edition: string;
  readonly calls: readonly string[];
  readonly counts: Readonly<Record<MutantVerdict, number>>;
  /** Flushes whose removal no schedule of any case notices, on any of the back-ends. */
  readonly needless: readonly string[];
  readonly results: readonly MutantResult[];
  /** It was aborted: `results` has the mutants that were judged. */
  readonly interrupted?: boolean;
  readonly seconds: number;
}

export interface MutateOptions {
  /** Calls whose listings are changed; by default the hugetlb unmap, move and protection paths. */
  readonly calls?: readonly string[];
  /** An edition that is right; the newest release by default. */
  readonly edition?: string;
  readonly backends?: readonly string[] | "all";
  readonly scenarios?: readonly (string | Scenario)[];
  readonly kinds?: readonly MutantKind[];
  /** Most states of one search, as a multiple of the unchanged edition's (default 20). */
  readonly growth?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { done: number; total: number; id: string; survivors: number }) => void;
}

const DEFAULT_CALLS = ["munmap", "mremap", "mprotect"];

interface Ground extends Arena {
  readonly known: Outcome;
  /** Arrays of lines that the case's calls are made of, on this back-end. */
  readonly lines: ReadonlySet<readonly Line[]>;
}

function chooseCall(name: string): Call {
  const call = findCall(name);
  if (call !== undefined) return call;
  const remedy = `choose one of: ${calls.map((known) => known.name).join(", ")}`;
  throw new InputError(`there is no path "${name}"`, { source: "mutate", remedy });
}

/** The case's calls, set-up included, as arrays of lines: a change in none of them cannot matter to it. */
function linesOf(arena: Arena, edition: Edition): Set<readonly Line[]> {
  const steps = [...arena.scenario.setup, ...arena.which.tasks].flatMap((part) => part.calls.map(({ call }) => call));
  const lines = new Set<readonly Line[]>();
  for (const step of new Set(steps)) {
    const call = typeof step === "string" ? findCall(step) : step;
    if (call === undefined) continue;
    for (const place of placesOf(call.listing, edition, arena.backend)) lines.add(place.lines);
  }
  return lines;
}

function grounds(edition: Edition, backends: readonly Backend[], scenarios: readonly Scenario[]): Ground[] {
  const found: Ground[] = [];
  for (const scenario of scenarios) {
    for (const which of scenario.cases.filter((one) => hasPath(one, edition))) {
      for (const backend of backends) {
        const arena = { scenario, which, backend };
        found.push({ ...arena, known: search(arena, edition, 0xffffffff, 1e6), lines: linesOf(arena, edition) });
      }
    }
  }
  return found.filter(({ known }) => known.broken === undefined);
}

/** Runs all mutants of the calls. Throws an InputError for a name that does not exist. */
export async function mutate(options: MutateOptions = {}): Promise<MutateResult> {
  const started = performance.now();
  const names = options.calls === undefined || options.calls.length === 0 ? DEFAULT_CALLS : options.calls;
  const chosen = names.map(chooseCall);
  const newest = releases.at(-1) as Edition;
  const edition = options.edition === undefined ? newest : chooseEdition(options.edition);
  const backends = chooseBackends(options.backends);
  const places = grounds(edition, backends, options.scenarios ? chooseScenarios(options.scenarios) : ownGrounds());
  const wanted = mutantsOf(chosen, edition, backends).filter(
    (mutant) => options.kinds === undefined || options.kinds.includes(mutant.kind),
  );
  const results: MutantResult[] = [];
  for (const mutant of wanted) {
    if (options.signal?.aborted) break;
    results.push(judge(mutant, edition, places, options.growth ?? 20));
    const survivors = results.filter(({ verdict }) => verdict === "survived").length;
    options.onProgress?.({ done: results.length, total: wanted.length, id: mutant.id, survivors });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const number = (verdict: MutantVerdict): number => results.filter((one) => one.verdict === verdict).length;
  return {
    schema: "shootdown/mutate@1",
    edition: edition.name,
    calls: names,
    counts: {
      found: number("found"),
      equivalent: number("equivalent"),
      unreached: number("unreached"),
      survived: number("survived"),
    },
    needless: results.filter(({ saves }) => saves !== undefined).map(({ id }) => id),
    results,
    ...(results.length < wanted.length ? { interrupted: true } : {}),
    seconds: (performance.now() - started) / 1000,
  };
}

/** The exercises first: a change that breaks something plain is found there at once. */
const ownGrounds = (): Scenario[] => [...exercises, ...chooseScenarios(undefined)];

const changed = (edition: Edition, mutant: Mutant): Edition => ({
  ...edition,
  name: `${edition.name} with ${mutant.id}`,
  change: mutant.change,
});

function judge(mutant: Mutant, edition: Edition, all: readonly Ground[], growth: number): MutantResult {
  const { id, kind, fn, file, line } = mutant;
  const about = { id, kind, fn, file, line };
  const places = all.filter((ground) => ground.lines.has(mutant.change.lines));
  let states = 0;
  let searches = 0;
  let different: Ground | undefined;
  let unfinished = false;
  for (const ground of places) {
    const { known } = ground;
    const outcome = search(ground, changed(edition, mutant), known.kinds, known.states * growth + 1000);
    searches++;
    states += outcome.states;
    const violation = newKind(outcome, known.kinds) ?? (outcome.broken === undefined ? undefined : "SET_UP");
    if (violation !== undefined) {
      const where = { scenario: ground.scenario.name, case: ground.which.name, backend: ground.backend.name };
      const reason = outcome.broken === undefined ? {} : { reason: outcome.broken };
      return { ...about, verdict: "found", violation, ...where, ...reason, searches, states };
    }
    if (outcome.ends !== known.ends) different ??= ground;
    if (outcome.states > known.states * growth) unfinished = true;
  }
  const effort = { searches, states };
  if (!places.some((ground) => isReached(mutant, edition, ground))) {
    return { ...about, verdict: "unreached", reason: "no schedule of any case runs this line", ...effort };
  }
  if (different !== undefined) {
    const where = { scenario: different.scenario.name, case: different.which.name, backend: different.backend.name };
    const reason =
      "no promise is broken, but the tables, pages, files or signals at the end are not those of the edition";
    return { ...about, verdict: "found", violation: "WRONG_RESULT", ...where, reason, ...effort };
  }
  if (unfinished) return { ...about, verdict: "survived", reason: "a search was not finished", ...effort };
  const same = `the same ends and no new violation in ${searches} searches of every schedule (${states} states)`;
  if (!mutant.flushes || mutant.kind !== "drop") return { ...about, verdict: "equivalent", reason: same, ...effort };
  const saves = savedBy(places, edition, changed(edition, mutant));
  return { ...about, verdict: "equivalent", reason: `needless here: ${same}`, ...effort, saves };
}

/** Whether a schedule of the case comes to the line: a crash put in its place is met. */
function isReached(mutant: Mutant, edition: Edition, ground: Ground): boolean {
  const { lines, index, count } = mutant.change;
  const crash = op(Op.RMAP_REMOVE, [], "(probe)");
  const by = [op(Op.SET, [PAGE, 0], "(probe)"), crash, ...lines.slice(index, index + count)];
  const outcome = search(ground, { ...edition, change: { lines, index, count, by } }, ground.known.kinds, 1e5);
  return outcome.broken !== undefined || newKind(outcome, ground.known.kinds) !== undefined;
}

const PAGE = 13;
