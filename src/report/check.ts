/**
 * A check as text: one row for each scenario, edition and back-end, then how to replay each harm.
 */
import type { CheckResult, CheckResultRow, FoundViolation } from "../explore/check.js";
import { scenarios } from "../scenarios/index.js";
import { Footnotes } from "./footnotes.js";
import { formatMasking } from "./masking.js";
import type { Look, Paint } from "./paint.js";
import { count, plural, seconds, table, wrap } from "./text.js";
import { onlyTheLevel, shortestHarm, shortestOfEach, verdictMeanings } from "./words.js";

/** What the check was asked for, where the report must name it. */
export interface CheckAsked {
  readonly bound?: number | undefined;
  readonly memory?: number | undefined;
  readonly time?: number | undefined;
  /** False when no witness was looked for. */
  readonly witness: boolean;
  /** Files with scenarios of the user's own: replaying one needs its file. */
  readonly files?: readonly string[];
}

export function formatCheck(result: CheckResult, asked: CheckAsked, look: Look): string {
  if (result.results.length === 0) return "no check was finished\n";
  const notes = new Footnotes();
  const rows = result.results.map((row) => [
    row.scenario,
    row.edition,
    row.backend,
    look.paint(row.verdict, row.verdict),
    count(row.states),
    count(row.transitions),
    seconds(row.seconds),
    violationsOf(row.violations, asked, look.paint),
    remarks(row, asked)
      .map((text) => notes.mark(text))
      .join(" "),
  ]);
  const columns = [
    { head: "scenario" },
    { head: "edition" },
    { head: "back-end" },
    { head: "verdict" },
    { head: "states", align: "right" },
    { head: "transitions", align: "right" },
    { head: "seconds", align: "right" },
    { head: "violations (steps)", flexible: true, least: 30 },
    { head: "note" },
  ] as const;
  const masking = formatMasking(result.results, notes, look);
  const parts = [
    table(columns, rows, look),
    masking,
    notes.format(look.width),
    legend(result.results, asked, look),
    replays(result.results, asked.files ?? [], look),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** "STALE_TRANSLATION 37, RANGE_NOT_RECORDED 16 (span)": gravest first, with the fewest steps of each. */
export function violationsOf(violations: readonly FoundViolation[], asked: { witness: boolean }, paint: Paint): string {
  return shortestOfEach(violations)
    .map((violation) => {
      const name = violation.severity === "harm" ? paint("violated", violation.kind) : violation.kind;
      const detail = violation.kind === "RANGE_NOT_RECORDED" && violation.detail ? ` (${violation.detail})` : "";
      const doubt = violation.confirmed || !asked.witness ? "" : paint("harm", " UNCONFIRMED");
      return `${name} ${violation.steps}${detail}${doubt}`;
    })
    .join(", ");
}

/** What hides a masked row, which part did not run, why a search stopped. */
function remarks(row: CheckResultRow, asked: CheckAsked): string[] {
  const found: string[] = [];
  if (row.verdict === "masked") found.push(...row.hiddenBy.map((text) => `hidden by this: ${text}`));
  if (onlyTheLevel(row)) {
    found.push(
      "only the level is wrong: the unshared table is recorded as cleared entries, so flushes of leaves leave it in " +
        "walk caches, and lazy CPUs are passed over (catalogue B9, repaired in 7.1)",
    );
  }
  if (row.note !== undefined) found.push(row.note);
  found.push(...counted(row));
  if (!row.complete) found.push(whyBounded(row, asked));
  return found;
}

/** Which bound stopped the search, what it has seen until then, and how to raise it. */
export function whyBounded(row: CheckResultRow, asked: CheckAsked): string {
  const left = row.queue === undefined ? "" : `; ${count(row.queue)} states were still waiting`;
  const last = `so not every schedule was tried${left}${expected(row)}`;
  const { bound = 0, memory = "allowed" } = asked;
  switch (row.stoppedBy) {
    case "states":
      return `a search reached the bound of ${count(bound)} states, ${last}: raise it with --bound ${bound * 10}`;
    case "memory":
      return `a search used up its ${memory} MiB, ${last}: raise --memory or check a smaller scenario`;
    case "steps":
      return `a search reached its limit of steps, ${last}: check a smaller scenario`;
    case "store":
      return (
        `the ${row.store} store is expected to have hidden ${aboutStates(row.expectedOmissions ?? 0)}, and what is ` +
        "reached through them only: --store exact is sure"
      );
    case "interrupt":
      return `the search was interrupted, ${last}`;
    default:
      return `a search reached the limit of ${asked.time} s, ${last}: raise it with --time ${(asked.time ?? 1) * 10}`;
  }
}

/** How many states there would have been, when it can be said. */
function expected({ estimate }: CheckResultRow): string {
  if (estimate === undefined) return "";
  const { states, low, high } = estimate;
  return ` (about ${count(states)} states in all; in nine of ten searches between ${count(low)} and ${count(high)})`;
}

/** An expected number of states: "0.02 states", "about 41 states". */
const aboutStates = (expected: number): string =>
  expected < 10 ? `${Number(expected.toPrecision(2))} states` : `about ${count(Math.round(expected))} states`;

/** What a search with concrete TLBs has counted. */
function counted(row: CheckResultRow): string[] {
  if (row.violationInstances === undefined) return [];
  const values = Object.entries(row.parameters ?? {}).map(([name, value]) => `${name} ${value}`);
  const bad = plural(row.badStates ?? 0, "bad state");
  const stale = plural(row.violationInstances, "stale entry", "stale entries");
  const hash = row.setHash === undefined ? [] : [`set hash ${row.setHash}`];
  return [[...values, `hardware ${row.hardware}`, bad, stale, ...hash].join(", ")];
}

function legend(rows: readonly CheckResultRow[], asked: CheckAsked, look: Look): string {
  const found = rows.flatMap((row) => row.violations);
  const verdicts = (["holds", "masked", "violated", "bounded"] as const)
    .map((verdict) => ({ verdict, n: rows.filter((row) => row.verdict === verdict).length }))
    .filter(({ n }) => n > 0)
    .map(({ verdict, n }) => `${look.paint(verdict, verdict)} ${count(n)} (${verdictMeanings[verdict]})`);
  const lines = [`${plural(rows.length, "check")}: ${verdicts.join(", ")}.`, ...pairs(rows)];
  if (found.length > 0) {
    const doubtful = found.filter((violation) => !violation.confirmed).length;
    const proof = proofOf(found.length, doubtful, asked.witness, look);
    const reduced = rows.some((row) => row.reduce === "por" || row.reduce === "all");
    const how = reduced ? "each with a schedule that shows it" : "each with the fewest steps that any schedule needs";
    lines.push(`${plural(found.length, "violation")}, ${how}: ${proof}`);
  }
  return lines.map((line) => wrap(line, look.width)).join("\n");
}

/** Which rows are a bug's own pair of editions. */
function pairs(rows: readonly CheckResultRow[]): string[] {
  return scenarios
    .filter((s) => rows.some((row) => row.scenario === s.name && row.edition === s.vulnerable))
    .map((s) => {
      const names = [s.bug, ...(s.cve ?? [])].join(", ");
      return `${s.name} (${names}): ${s.vulnerable} lacks the published fix, ${s.fixed} has it.`;
    });
}

/** How many violations are confirmed, and what it means when one is not. */
function proofOf(all: number, doubtful: number, wanted: boolean, look: Look): string {
  if (doubtful === 0) return "all are confirmed, by a witness on concrete TLBs or as a fact of the run.";
  if (!wanted)
    return `no witness was looked for (--no-witness), so ${count(doubtful)} that need one are not confirmed.`;
  const few = look.paint("harm", `${count(doubtful)} UNCONFIRMED`);
  const defect = "no witness was found, which is a defect of the simulator, please report it";
  return `${count(all - doubtful)} are confirmed; ${few}: ${defect}.`;
}

function replays(rows: readonly CheckResultRow[], files: readonly string[], look: Look): string {
  // A run in which hardware moves too has no schedule of kernel agents alone: its steps are in the JSON.
  const harms = rows.flatMap((row) => shortestHarm(row.violations) ?? []).filter((harm) => harm.schedule !== "");
  if (harms.length === 0) return "";
  const width = Math.max(...harms.map((harm) => harm.schedule.length));
  const own = files.map((file) => ` --file ${file}`).join("");
  const lines = harms.map((harm) => {
    const command = look.paint("command", `shootdown replay ${harm.schedule.padEnd(width)}${own}`);
    return `  ${command}  ${look.paint("quiet", `${harm.kind} after ${plural(harm.steps, "step")}`)}`;
  });
  return [look.paint("title", "The shortest harm of each violated row, step by step:"), ...lines].join("\n");
}
