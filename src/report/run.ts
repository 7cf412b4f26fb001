/**
 * A log on the simulated kernel as text: what each edition did with it, side by side.
 */
import type { CountedViolation, EditionResult, RunResult } from "../run/result.js";
import type { Look } from "./paint.js";
import { count, plural, seconds, table, wrap } from "./text.js";
import { meanings } from "./words.js";

export function formatRun(result: RunResult, look: Look): string {
  const title = look.paint("title", `${result.log} on ${result.backend} with ${plural(result.cpus, "CPU")}`);
  return `${[title, readPart(result, look), runTable(result, look), promisesPart(result, look)].join("\n\n")}\n`;
}

/** What was read, and what stands for what a log does not say. */
export function readPart(result: RunResult, look: Look): string {
  const ignored = Object.entries(result.ignored);
  const left = ignored.map(([name, times]) => `${name} ${count(times)}`).join(", ");
  const read =
    `${plural(result.lines, "line")}, ${plural(result.processes, "process", "processes")}: ` +
    `${count(result.events)} calls were followed, ${count(result.failed)} of them had failed.` +
    (ignored.length === 0 ? "" : ` Without effect here: ${left}.`);
  return `${wrap(read, look.width)}\n${look.paint("quiet", wrap(result.policy, look.width))}`;
}

type Metric = readonly [string, (edition: EditionResult) => string];

const tables = (n: number, kib: number): string => `${count(n)} (${count(kib)} KiB)`;

const METRICS: readonly Metric[] = [
  ["page tables at the peak, shared ones once", ({ tables: t }) => tables(t.peak, t.kibPeak)],
  ["page tables at the peak, as VmPTE adds up", ({ tables: t }) => tables(t.chargedPeak, t.chargedKibPeak)],
  ["shared PMD tables taken over", ({ sharing }) => count(sharing.attached)],
  ["shared PMD tables let go of", ({ sharing }) => count(sharing.detached)],
  ["most users of one shared table", ({ sharing }) => count(sharing.sharersPeak)],
  ["page faults", ({ faults }) => count(faults)],
  ["pages freed", ({ pagesFreed }) => count(pagesFreed)],
  ["flushes", ({ flushes }) => count(flushes.asked)],
  ["  of a whole address space", ({ flushes }) => count(flushes.full)],
  ["  broadcast invalidations (TLBI)", ({ flushes }) => count(flushes.broadcasts)],
  ["interrupts to other CPUs", ({ ipis }) => count(ipis)],
  ["simulated steps", ({ steps }) => count(steps)],
  ["seconds", (edition) => seconds(edition.seconds)],
];

/** Editions across; the last rows count broken promises. */
export function runTable({ editions }: RunResult, look: Look): string {
  const broken = (severity: string) => (edition: EditionResult) => {
    const times = edition.violations.filter((v) => v.severity === severity).reduce((sum, v) => sum + v.calls, 0);
    return look.paint(times === 0 ? "holds" : severity === "harm" ? "harm" : "masked", count(times));
  };
  const all: readonly Metric[] = [
    ...METRICS,
    ["calls that broke a promise", broken("protocol")],
    ["calls that did harm", broken("harm")],
  ];
  const columns = [{ head: "" }, ...editions.map(({ edition }) => ({ head: edition, align: "right" as const }))];
  return table(
    columns,
    all.map(([name, value]) => [name, ...editions.map(value)]),
    look,
  );
}

/** Each broken promise, where the log first led to it; and bounds that take the meaning from an absence. */
export function promisesPart(result: RunResult, look: Look): string {
  const lines = result.editions.flatMap((edition) => [
    ...edition.violations.map((violation) => tellViolation(edition.edition, violation, look)),
    ...edition.bounded.map((bound) =>
      wrap(
        `${edition.edition}: a bound was reached (${bound}), so more promises may be broken than are listed`,
        look.width,
      ),
    ),
  ]);
  const clean = result.editions.filter((edition) => edition.violations.length === 0 && edition.bounded.length === 0);
  const held = clean.map(
    ({ edition }) => `${edition}: ${look.paint("holds", "no promise was broken")} in the order of this log`,
  );
  return [...lines, ...held].join("\n");
}

function tellViolation(edition: string, violation: CountedViolation, look: Look): string {
  const { kind, severity, calls, line, pid, call } = violation;
  const name = look.paint(severity === "harm" ? "harm" : "masked", kind);
  const where = `${violation.function}: ${violation.text}`;
  return wrap(
    `${edition}: ${name} (${severity}) by ${plural(calls, "call")}, first at line ${count(line)}: process ${pid} ` +
      `in ${call}, ${where}; ${meanings[kind]}`,
    look.width,
  );
}
