/**
 * A fuzzing campaign as text: what was run, what it saw, and each finding on a few lines. And the line of progress.
 */

import type { CaseFile } from "../fuzz/case.js";
import type { FuzzFinding, FuzzProgress, FuzzResult } from "../fuzz/fuzz.js";
import { callText, type Program } from "../fuzz/program.js";
import { formatRaces } from "./fuzz-races.js";
import type { Look } from "./paint.js";
import { count, plural, wrap } from "./text.js";

/** One line in the manner of libFuzzer: `#runs cov: corp: find:  exec/s: time:`. */
export function fuzzLine(p: FuzzProgress): string {
  return (
    `#${p.runs} cov: ${p.coverage} corp: ${p.corpus} find: ${p.findings} ` +
    `exec/s: ${count(Math.round(p.rate))} time: ${p.seconds.toFixed(0)}s`
  );
}

export function formatFuzz(result: FuzzResult, look: Look): string {
  if (result.races !== undefined) return formatRaces(result, result.races, look);
  const parts = [heading(result, look), ...result.findings.map((finding) => findingText(finding, look))];
  return `${[...parts, summary(result, look)].join("\n\n")}\n`;
}

function heading(result: FuzzResult, look: Look): string {
  const how = result.strategy === "pct" ? `pct, depth ${result.depth}` : result.strategy;
  const drawn = result.guided ? "guided by coverage" : "every program drawn anew";
  const workers = result.jobs === undefined ? "" : `, ${result.jobs} workers`;
  const what = `fuzz ${result.edition} on ${result.backend}: ${how}, ${drawn}, seed ${result.seed}${workers}`;
  return look.paint("title", what);
}

function findingText(finding: FuzzFinding, look: Look): string {
  const name = look.paint(finding.severity === "harm" ? "harm" : "masked", finding.kind);
  const lines = [
    `${name} (${finding.severity}) in ${plural(finding.runs, "run")}, first in run ${count(finding.firstRun)}`,
    ...(finding.born === "" ? [] : [`  taken away at  ${finding.born}`]),
    `  broken at      ${finding.where}`,
  ];
  if (finding.case !== undefined) lines.push(...caseLines(finding.case));
  return lines.join("\n");
}

/** A program: its set-up, its tasks, and the CPUs that only run user code. */
export function programLines(program: Program): string[] {
  const made = program.setup.map(({ mm, calls }) => `  ${mm}, first:  ${calls.map(callText).join("; ")}`);
  const tasks = program.tasks.map(({ cpu, mm, calls }) => `  ${mm} on CPU${cpu}: ${calls.map(callText).join("; ")}`);
  const others = program.cpus.flatMap((mm, cpu) =>
    mm === null || cpu < program.tasks.length ? [] : [`  ${mm} on CPU${cpu}: user code`],
  );
  return [...made, ...tasks, ...others];
}

/** The smallest program that shows it. */
function caseLines({ program, schedule, steps, violation }: CaseFile): string[] {
  const doubt = violation.confirmed ? "confirmed by a witness" : "UNCONFIRMED";
  return [...programLines(program), `  ${plural(steps, "step")}, schedule ${schedule || "(no choice)"}, ${doubt}`];
}

function summary(result: FuzzResult, look: Look): string {
  const rate = count(Math.round(result.runsPerSecond));
  const harm = result.findings.filter((finding) => finding.severity === "harm").length;
  const lines = [
    `${plural(result.runs, "run")} of ${plural(result.programs, "program")}, ${plural(result.steps, "step")} in ` +
      `${result.seconds.toFixed(1)} s (${rate} runs/s); coverage ${count(result.coverage)}, ` +
      `corpus ${count(result.corpus.entries)} (${result.corpus.hash}).`,
    ...(result.bounded > 0 ? [`${plural(result.bounded, "run")} were cut at the bound on steps.`] : []),
    ...(result.overflowed > 0 ? [`${plural(result.overflowed, "run")} had no room left and say less.`] : []),
    result.findings.length === 0
      ? "Nothing was found. That is no proof: `shootdown check` tries every schedule of a scenario."
      : `${plural(result.findings.length, "finding")}, ${harm} of them harm.`,
  ];
  return lines.map((line) => wrap(line, look.width)).join("\n");
}
