/**
 * The machine's predictions against a recording: how much agrees, and where it does not.
 */

import type { PlayOptions } from "./boot.js";
import type { Flush, GoldenFile, Outcome, ReaderStatus } from "./format.js";
import { type Played, playScenario } from "./player.js";

/** What is compared of each operation. */
export type Aspect = "status" | "ptes" | "flushes";

export interface Disagreement {
  readonly scenario: string;
  /** Index of the operation and its line. */
  readonly op: number;
  readonly line: string;
  readonly aspect: Aspect;
  readonly predicted: string;
  /** Each outcome that was seen. */
  readonly recorded: readonly string[];
}

export interface Agreement {
  readonly label: string;
  /** Operations compared, by aspect. */
  readonly compared: Readonly<Record<Aspect, number>>;
  readonly disagreements: readonly Disagreement[];
}

/** Plays every scenario of a golden file and compares each operation with the outcomes that were recorded. */
export function compareGolden(file: GoldenFile, options: PlayOptions): Agreement {
  const compared = { status: 0, ptes: 0, flushes: 0 };
  const disagreements: Disagreement[] = [];
  for (const scenario of file.scenarios) {
    const played = playScenario(scenario, { ...options, source: options.source ?? `${file.label} ${scenario.name}` });
    scenario.ops.forEach(({ line, outcomes }, op) => {
      for (const { aspect, predicted, recorded } of comparisons(line, played[op] as Played, outcomes)) {
        compared[aspect]++;
        if (!recorded.includes(predicted)) {
          disagreements.push({ scenario: scenario.name, op, line, aspect, predicted, recorded });
        }
      }
    });
  }
  return { label: file.label, compared, disagreements };
}

/** "i01, op 7 (P0 munmap ...), flushes: predicted none, recorded ..." */
export function sayDisagreement({ scenario, op, line, aspect, predicted, recorded }: Disagreement): string {
  return `${scenario}, op ${op} (${line}), ${aspect}: predicted ${predicted}, recorded ${recorded.join(" or ")}`;
}

interface Comparison {
  readonly aspect: Aspect;
  readonly predicted: string;
  readonly recorded: readonly string[];
}

function comparisons(line: string, played: Played, outcomes: readonly Outcome[]): Comparison[] {
  const found: Comparison[] = [];
  const compare = (aspect: Aspect, text: (outcome: Outcome) => string | undefined): void => {
    const recorded = [...new Set(outcomes.flatMap((outcome) => text(outcome) ?? []))];
    if (recorded.length > 0) found.push({ aspect, predicted: text(played) ?? "nothing", recorded });
  };
  compare("status", ({ status }) => (status === undefined ? undefined : sayStatus(status)));
  compare("ptes", ({ ptesKb }) => (ptesKb === undefined ? undefined : `${ptesKb} kB`));
  // The flush of an exec is of memory that the machine does not map.
  if (!/ proc /.test(line))
    compare("flushes", ({ flushes }) => (flushes === undefined ? undefined : sayFlushes(flushes)));
  return found;
}

function sayStatus({ fault, reading, value }: ReaderStatus): string {
  return `fault=${fault} reading=${reading ? 1 : 0} val=${value}`;
}

function sayFlushes(flushes: readonly Flush[]): string {
  return flushes.length === 0 ? "none" : flushes.map(sayFlush).join(", then ");
}

function sayFlush({ mm, range, strideShift, freedTables }: Flush): string {
  const tables = freedTables ? ", tables freed" : "";
  // The stride of a flush of the whole mm is what the process's other mappings made it, and nobody reads it.
  if (range === "all") return `${mm} all${tables}`;
  return `${mm} [0x${range[0].toString(16)}, 0x${range[1].toString(16)}) stride ${strideShift}${tables}`;
}
