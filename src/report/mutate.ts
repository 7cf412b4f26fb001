/**
 * Mutants as text: how many of each verdict, then those that a reader must look at, then the flushes nobody misses.
 */
import type { MutantResult, MutateResult } from "../mutate/mutate.js";
import type { Look } from "./paint.js";
import { count, plural, seconds, table, wrap } from "./text.js";

const meanings = {
  found: "a violation that the edition has not, a run that cannot even begin, or another result",
  equivalent: "the same results and violations on every schedule of every case that runs the line",
  unreached: "no schedule of any case runs the line",
  survived: "a search was not finished",
} as const;

export function formatMutate(result: MutateResult, all: boolean, look: Look): string {
  const total = result.results.length;
  const what = `${plural(total, "mutant")} of ${result.calls.join(", ")} in ${result.edition}`;
  const head = `${what}, ${seconds(result.seconds)} s`;
  const lines = (Object.keys(meanings) as (keyof typeof meanings)[]).map(
    (verdict) => `  ${count(result.counts[verdict]).padStart(5)}  ${verdict.padEnd(10)}  ${meanings[verdict]}`,
  );
  const parts = [
    [look.paint("title", head), ...lines].join("\n"),
    byViolation(result, look),
    ...(all ? [listed("Found", result, "found", look)] : []),
    listed("Survived: the search was not finished", result, "survived", look),
    listed("Unreached: what the scenarios say nothing about", result, "unreached", look),
    needless(result, look),
    all ? listed("Equivalent", result, "equivalent", look) : "",
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function byViolation(result: MutateResult, look: Look): string {
  const counts = new Map<string, number>();
  for (const { violation } of result.results)
    if (violation !== undefined) counts.set(violation, (counts.get(violation) ?? 0) + 1);
  const text = [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([kind, n]) => `${kind} ${n}`)
    .join(", ");
  return text === "" ? "" : wrap(`Found by: ${text}.`, look.width);
}

function listed(title: string, result: MutateResult, verdict: string, look: Look): string {
  const chosen = result.results.filter((one) => one.verdict === verdict);
  if (chosen.length === 0) return "";
  const columns = [{ head: "mutant" }, { head: "line", flexible: true }, { head: "why", flexible: true }] as const;
  const rows = chosen.map((one) => [one.id, one.line, whyOf(one)]);
  return `${look.paint("title", title)}\n${table(columns, rows, look)}`;
}

function whyOf(one: MutantResult): string {
  if (one.verdict !== "found") return one.reason ?? "";
  return `${one.violation} in ${one.scenario}/${one.case} on ${one.backend}`;
}

/** Flushes that no schedule of any case misses, with what one run saves without them. */
function needless(result: MutateResult, look: Look): string {
  const chosen = result.results.filter(({ saves }) => saves !== undefined);
  if (chosen.length === 0) return "";
  const columns = [
    { head: "flush" },
    { head: "line", flexible: true },
    { head: "IPIs", align: "right" },
    { head: "TLBIs", align: "right" },
    { head: "flushes", align: "right" },
    { head: "saved in one run of", flexible: true },
  ] as const;
  const rows = chosen.map(({ id, line, saves }) => [
    id,
    line,
    count(saves?.ipis ?? 0),
    count(saves?.tlbis ?? 0),
    count(saves?.flushes ?? 0),
    `${saves?.scenario}/${saves?.case} on ${saves?.backend}`,
  ]);
  const title = "Needless flushes: no schedule of any case that runs them notices when they are gone";
  const note = "Within these cases: a kernel has callers and races that no case here stands for.";
  return `${look.paint("title", title)}\n${table(columns, rows, look)}\n${wrap(note, look.width)}`;
}
