/**
 * Changes that may repair a violation, smallest and likeliest first: see repair.ts.
 */
import { Reg } from "../../assembly/abi/operands.js";
import { Op } from "../../assembly/abi/ops.js";
import type { StageOptions } from "../explore/stage.js";
import { findCall } from "../kernel/calls.js";
import type { Place } from "../kernel/compile.js";
import { type Change, type Edition, hasChange, orderOf } from "../kernel/editions.js";
import { arch, type Call, type Line, type Sub } from "../kernel/listing.js";
import * as k from "../kernel/ops.js";
import { flushes, isControl, isSingle, placesOfCalls, textOf, wider } from "./mutants.js";

export type RepairKind = "move" | "widen" | "insert" | "commit";

/** Functions that the task went through which cleared the entry, and those of the others. */
export interface Functions {
  readonly own: readonly string[];
  readonly others: readonly string[];
}

export interface Candidate {
  readonly kind: RepairKind;
  readonly commit?: string;
  readonly fn: string;
  readonly file: string;
  readonly text: string;
  readonly edition: Edition;
}

/** What a machine supplies is not to be changed; KVM's own tables are no such thing. */
const MACHINES = /^\(|^arch\/(?!.*kvm)/;
/** Files whose functions every gather runs through. */
const GATHERS = /asm-generic\/tlb\.h$|mmu_gather\.c$/;
/** Every change that is tried: commits, then moves, wider flushes, and new ones. */
export function candidatesOf(what: StageOptions, functions: Functions): Candidate[] {
  const places = placesIn(what, [...functions.own, ...functions.others]);
  const inserted = insertions(what, places, functions);
  return [...commits(what), ...moves(what, places), ...widenings(what, places), ...inserted];
}

const callsOf = ({ scenario, which }: StageOptions): Call[] => {
  const named = [...scenario.setup, ...which.tasks].flatMap((part) => part.calls.map(({ call }) => call));
  return [...new Set(named)].flatMap((call) => (typeof call === "string" ? (findCall(call) ?? []) : call));
};

/** Lines of the tasks' calls in the given functions; what a machine supplies is not to be changed. */
function placesIn(what: StageOptions, functions: readonly string[]): Place[] {
  const all = placesOfCalls(callsOf(what), what.edition, [what.backend]);
  return all.filter(({ fn, file }) => functions.includes(fn) && !MACHINES.test(file));
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
    if ("kind" in line && line.kind === "arch" && line.name === "flush_tlb_range")
      return one([arch("flush_tlb_mm")], "`flush_tlb_mm()` instead of `flush_tlb_range()`");
    return wider(line).map((by) => one([by], `\`${textOf(by)}\``));
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
