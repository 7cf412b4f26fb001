/**
 * Mutants: an edition with one place of one listing changed. A line is taken out, two neighbours change places, or a
 * recorded range is made narrower.
 *
 * Not touched: labels, the end of a call, and lines that are ours and not the kernel's (the oracle's questions, and
 * what holds a task back for a scenario).
 */
import { Op } from "../../assembly/abi/ops.js";
import type { Backend } from "../kernel/arch/backends.js";
import { type Place, placesOf } from "../kernel/compile.js";
import type { Change, Edition } from "../kernel/editions.js";
import type { Call, Line, OpLine } from "../kernel/listing.js";
import * as k from "../kernel/ops.js";

export type MutantKind = "drop" | "swap" | "narrow";

export interface Mutant {
  /** Function, number of the line in it, and the change: "huge_pmd_unshare#3 drop". */
  readonly id: string;
  readonly kind: MutantKind;
  readonly fn: string;
  readonly file: string;
  /** The line in kernel spelling; of a swap, both. */
  readonly line: string;
  readonly change: Change;
  /** What stands there makes CPUs invalidate, or leads to it. */
  readonly flushes: boolean;
}

const OURS = new Set<Op>([Op.CHECK_RECORDED, Op.CHECK_RANGE, Op.AWAIT_CLEAR, Op.RETURN]);
const CONTROL = new Set<Op>([Op.JUMP, Op.BRANCH_ZERO, Op.BRANCH_NONZERO, Op.BRANCH_GE]);
const FLUSHES = new Set<Op>([
  Op.X86_NEXT_GENERATION,
  Op.X86_FLUSH_LOCAL,
  Op.X86_SEND_IPI,
  Op.X86_WAIT_IPI,
  Op.TLBI,
  Op.DSB,
]);

/** What a line is called: the kernel's words, or the function that it splices in. */
export function textOf(line: Line): string {
  if (!("kind" in line)) return line.map(textOf).join("; ");
  if (line.kind === "op") return line.text;
  if (line.kind === "sub") return `${line.name}()`;
  if (line.kind === "arch") return `${line.name}()`;
  return line.kind === "edition" ? textOf(line.lines) : line.name;
}

const isOurs = (line: Line): boolean => "kind" in line && line.kind === "op" && OURS.has(line.op);
export const isControl = (line: Line): boolean => "kind" in line && line.kind === "op" && CONTROL.has(line.op);
export const isSingle = (line: Line): boolean =>
  "kind" in line && (line.kind === "op" || line.kind === "sub" || line.kind === "arch") && !isOurs(line);

export function flushes(line: Line): boolean {
  if (!("kind" in line)) return line.some(flushes);
  if (line.kind === "op") return FLUSHES.has(line.op);
  if (line.kind === "arch") return line.name !== "tlb_end_vma";
  if (line.kind === "label") return false;
  return line.lines.some(flushes);
}

/** The line of a record with `by` levels more of pages, and with `by` levels more of level, where there are such. */
function resized(line: Line, by: 1 | -1, pagesSay: string, levelSays: string): OpLine[] {
  if (!("kind" in line) || line.kind !== "op" || line.op !== Op.RECORD) return [];
  const [reg, pages, level] = line.operands as [number, number, number];
  const exists = (value: number): boolean => value >= k.BASE && value <= k.PUD;
  const other = (operands: readonly number[], how: string): OpLine => ({
    ...line,
    operands,
    text: `${line.text} (${how})`,
  });
  return [
    ...(exists(pages + by) ? [other([reg, pages + by, level], pagesSay)] : []),
    ...(exists(level + by) ? [other([reg, pages, level + by], levelSays)] : []),
  ];
}

/** The line with a smaller range or a lower level; none when it records nothing. */
const narrower = (line: Line): OpLine[] => resized(line, -1, "a level's worth of pages too few", "a level too low");

/** The line with a wider range or a higher level; none when it records nothing. */
export const wider = (line: Line): OpLine[] => resized(line, 1, "a level's worth of pages", "a level higher");

/** Every place of the calls that the edition has on any of the back-ends, once. */
export function placesOfCalls(calls: readonly Call[], edition: Edition, backends: readonly Backend[]): Place[] {
  const seen = new Map<readonly Line[], Set<number>>();
  const found: Place[] = [];
  for (const { listing } of calls) {
    for (const backend of backends) {
      for (const place of placesOf(listing, edition, backend)) {
        const indices = seen.get(place.lines) ?? new Set();
        seen.set(place.lines, indices);
        if (indices.has(place.index)) continue;
        indices.add(place.index);
        found.push(place);
      }
    }
  }
  return found;
}

/** All mutants of the calls' listings, in the order of the listings. */
export function mutantsOf(calls: readonly Call[], edition: Edition, backends: readonly Backend[]): Mutant[] {
  const all = placesOfCalls(calls, edition, backends);
  const active = new Set(all.map((place) => place.lines));
  const numbers = new Map<string, number>();
  const mutants: Mutant[] = [];
  for (const place of all) {
    const line = place.lines[place.index] as Line;
    if (!isSingle(line)) continue;
    const number = (numbers.get(place.fn) ?? 0) + 1;
    numbers.set(place.fn, number);
    const add = (kind: MutantKind, text: string, count: number, by: readonly Line[]): void => {
      const { lines, index, fn, file } = place;
      const id = `${fn}#${number} ${kind}`;
      mutants.push({ id, kind, fn, file, line: text, change: { lines, index, count, by }, flushes: flushes(line) });
    };
    add("drop", textOf(line), 1, []);
    for (const narrow of narrower(line)) add("narrow", narrow.text, 1, [narrow]);
    const next = place.lines[place.index + 1];
    if (next !== undefined && canSwap(line, next, active))
      add("swap", `${textOf(line)} <-> ${textOf(next)}`, 2, [next, line]);
  }
  return mutants;
}

/** Neighbours change places when both really stand in the edition and neither decides where to go on. */
function canSwap(line: Line, next: Line, active: ReadonlySet<readonly Line[]>): boolean {
  if (isControl(line) || !("kind" in next)) return false;
  if (next.kind === "edition")
    return active.has(next.lines) && next.lines.every(isSingle) && !next.lines.some(isControl);
  return isSingle(next) && !isControl(next);
}
