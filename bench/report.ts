/** Figures as text and as JSON, and what became slower since another run. */
import { readFileSync } from "node:fs";
import { arch, cpus, loadavg } from "node:os";
import type { Figure } from "./measure.js";

export interface BenchReport {
  readonly schema: "shootdown/bench@1";
  readonly date: string;
  readonly node: string;
  readonly cpu: string;
  readonly load: number;
  readonly figures: readonly Figure[];
}

export function reportOf(figures: readonly Figure[]): BenchReport {
  return {
    schema: "shootdown/bench@1",
    date: new Date().toISOString(),
    node: process.version,
    cpu: `${cpus()[0]?.model ?? arch()} x ${cpus().length}`,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    figures,
  };
}

const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 3));

export function meetsGoal({ value, goal }: Figure): boolean {
  return value >= (goal?.atLeast ?? -Infinity) && value <= (goal?.atMost ?? Infinity);
}

function goalText(figure: Figure): string {
  const { goal } = figure;
  if (goal === undefined) return "";
  const wanted = goal.atLeast === undefined ? `<= ${goal.atMost}` : `>= ${goal.atLeast}`;
  return `goal ${wanted}${meetsGoal(figure) ? "" : "  MISSED"}`;
}

export function textOf({ figures, cpu, node, load }: BenchReport): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const lines = figures.map((figure) => {
    const spread = figure.low === figure.high ? "" : `[${digits(figure.low)} .. ${digits(figure.high)}]`;
    const end = [goalText(figure), figure.note ?? ""].filter((part) => part !== "").join("; ");
    const columns = [
      figure.name.padEnd(width),
      digits(figure.value).padStart(9),
      figure.unit.padEnd(10),
      spread.padEnd(20),
    ];
    return `${columns.join(" ")} ${end}`.trimEnd();
  });
  const head = `${cpu}, node ${node}, load ${load}; CPU time, medians [quartiles] of interleaved rounds`;
  return [head, ...lines].join("\n");
}

/** Lower is better for these units; for the others higher is. */
const LOWER_IS_BETTER = new Set(["ms", "s", "KiB", "schedules"]);

/**
 * What changed for the worse: a median that moved by more than both runs' own spread (half the quartile distance).
 * Runs of different machines are compared all the same; the ratios to C then say more than the rates.
 */
export function comparison(file: string, now: BenchReport): string {
  const old = JSON.parse(readFileSync(file, "utf8")) as BenchReport;
  const before = new Map(old.figures.map((figure) => [figure.name, figure]));
  const lines = now.figures.flatMap((figure) => {
    const was = before.get(figure.name);
    if (was === undefined || was.value === 0) return [];
    const change = figure.value / was.value - 1;
    const worse = LOWER_IS_BETTER.has(figure.unit) ? change : -change;
    const noise = (was.high - was.low) / (2 * was.value) + (figure.high - figure.low) / (2 * figure.value);
    if (worse <= Math.max(noise, 0.01)) return [];
    const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
    const values = `${digits(was.value)} -> ${digits(figure.value)} ${figure.unit}`;
    return [`worse by ${percent(worse)} (noise ${percent(noise)}): ${figure.name}, ${values}`];
  });
  const head = `compared with ${file} of ${old.date} (${old.cpu}, node ${old.node})`;
  return [head, ...(lines.length === 0 ? ["nothing became worse beyond the noise"] : lines)].join("\n");
}
