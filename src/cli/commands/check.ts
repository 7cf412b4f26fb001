/**
 * `shootdown check`: every schedule of the chosen scenarios, editions and back-ends, with a verdict for each.
 */

import type { Command } from "commander";
import { isScenarioFile, loadScenarios } from "../../author/load.js";
import { proofread } from "../../author/proofread.js";
import { BOUND_MAX, DEFAULT_MEMORY_MIB, MEMORY_MIB_MAX } from "../../explore/case.js";
import { type CheckProgress, type CheckResult, type CheckResultRow, check } from "../../explore/check.js";
import { checksOf, chooseScenarios } from "../../explore/choose.js";
import { checkInPool } from "../../explore/pool.js";
import { REDUCTIONS, type ReductionName } from "../../explore/reductions.js";
import type { StoreKind } from "../../explore/search.js";
import { SPLIT_MAX } from "../../explore/split.js";
import { type CheckAsked, formatCheck } from "../../report/check.js";
import { count } from "../../report/text.js";
import type { Scenario } from "../../scenarios/scenario.js";
import { Exit } from "../exit.js";
import { examples } from "../help.js";
import { names, namesOrAll, oneOf, secondsNumber, settings, wholeNumber } from "../options.js";
import type { Session } from "../session.js";

const TIME_MOST = 1_000_000;

interface CheckFlags {
  readonly edition?: readonly string[];
  readonly backend?: readonly string[];
  readonly bound?: number;
  readonly memory: number;
  readonly time?: number;
  readonly set?: Readonly<Record<string, string>>;
  readonly hardware: "enumerated" | "saturated";
  readonly reduce?: ReductionName;
  readonly witness: boolean;
  readonly store: StoreKind;
  readonly livelock: boolean;
  readonly jobs: number;
}

const EXAMPLES: [string, string][] = [
  ["shootdown check seed --edition 5.15,5.16 --backend x86", "CVE-2021-4002 before and after its fix"],
  ["shootdown check CVE-2021-4002", "the same by its number: its own pair of editions, every machine"],
  ["shootdown check ./examples/my-bug.ts", "listings of your own, from a file (docs/authoring.md)"],
  ["shootdown check seed --set cpus=4,mms=3,files=2 -e 5.19 -b x86 --reduce por", "a larger one, with less to try"],
  ["shootdown check previous-gib --json", "what that fix missed, on every machine, as JSON"],
  ["shootdown check yardstick --set cpus=4,variant=late --hardware enumerated", "the model that others count too"],
];

export function addCheck(program: Command, session: Session): void {
  program
    .command("check")
    .summary("try every schedule of a scenario, in each edition on each back-end")
    .description(
      "Tries every schedule of each scenario, in each edition on each back-end, and gives a verdict: holds, masked, " +
        "violated or bounded. Ends with 1 when harm was found.",
    )
    .argument(
      "[scenario...]",
      "names from `shootdown list scenarios`, CVEs, commits, bugs such as B12, or files of your own such as " +
        "./my-bug.ts (default: all)",
    )
    .option(
      "-e, --edition <list>",
      "editions, separated by commas, or all: the releases (default: each bug's own pair)",
      names("--edition"),
    )
    .option("-b, --backend <list>", "back-ends, separated by commas, or all (default: all)", names("--backend"))
    .option("-s, --set <list>", "values of a scenario's parameters, as key=value,...", settings("--set"))
    .option(
      "--hardware <mode>",
      "saturated: what TLBs may hold is known at each step; enumerated: each fill and eviction is a step",
      oneOf("--hardware", ["saturated", "enumerated"]),
      "saturated",
    )
    .option(
      "--reduce <how>",
      "same verdicts, fewer states: por leaves out orders of steps that have nothing to do with each other (longer " +
        "paths); sym takes states for one that differ in which of several like CPUs or mms is which; all does both",
      oneOf("--reduce", Object.keys(REDUCTIONS) as ReductionName[]),
    )
    .option(
      "--store <kind>",
      "how states are remembered: exact (64-bit fingerprints), wide (128), compact (36) or bitstate; the last two " +
        "lose states, say how many to expect, and never say holds",
      oneOf("--store", ["exact", "wide", "compact", "bitstate"]),
      "exact",
    )
    .option(
      "--bound <n>",
      "most states of one search (default: what fits into the memory)",
      wholeNumber("--bound", 1, BOUND_MAX),
    )
    .option(
      "--memory <MiB>",
      "most memory of one search",
      wholeNumber("--memory", 1, MEMORY_MIB_MAX),
      DEFAULT_MEMORY_MIB,
    )
    .option("--time <s>", "most seconds of one search", secondsNumber("--time", TIME_MOST))
    .option(
      "-j, --jobs <n>",
      "workers: several checks at once, or one search that they share when there is one check",
      wholeNumber("--jobs", 1, SPLIT_MAX),
      1,
    )
    .option("--livelock", "look for tasks that go round for ever, too", false)
    .option("--no-witness", "do not look for witnesses")
    .addHelpText("after", examples(EXAMPLES))
    .action((scenarios: readonly string[], flags: CheckFlags) => runCheck(scenarios, flags, session));
}

async function runCheck(scenarios: readonly string[], flags: CheckFlags, session: Session): Promise<void> {
  const files = [...new Set(scenarios.filter(isScenarioFile))];
  const asked: CheckAsked = { ...flags, time: flags.time, files };
  const rows: CheckResultRow[] = [];
  const { interrupted, total } = await checkEach(scenarios, flags, session, rows);
  const result: CheckResult = { schema: "shootdown/check@1", results: rows };
  session.code = rows.some((row) => row.verdict === "violated") ? Exit.HARM : Exit.OK;
  if (interrupted) session.code = Exit.INTERRUPTED;
  if (session.json) session.printJson(interrupted ? { ...result, interrupted } : result);
  else session.print(formatCheck(result, asked, session.look));
  if (interrupted) {
    session.remark(
      `shootdown: interrupted after ${count(rows.length)} of ${count(total)} checks; the same command starts again, ` +
        "and --edition and --backend narrow it",
    );
  }
}

/** Files among the names become the scenarios that they export; `sources` learns which is from which file. */
async function withFiles(names: readonly string[], sources: Map<string, string>): Promise<(string | Scenario)[]> {
  const found = await Promise.all(names.map((name) => (isScenarioFile(name) ? loadScenarios(name) : [name])));
  found.forEach((several, i) => {
    for (const one of several) if (typeof one !== "string") sources.set(one.name, names[i] as string);
  });
  return found.flat();
}

/** One library call for each row, so that an interrupted check can print the rows that it has. */
async function checkEach(
  scenarios: readonly string[],
  flags: CheckFlags,
  session: Session,
  rows: CheckResultRow[],
): Promise<{ interrupted: boolean; total: number }> {
  // All names are looked up before the first search: a typing mistake must not cost minutes.
  const sources = new Map<string, string>();
  const chosen = [...new Set(chooseScenarios(await withFiles(scenarios, sources)))];
  const editions = flags.edition === undefined ? undefined : namesOrAll(flags.edition);
  const jobs = checksOf(chosen, editions, namesOrAll(flags.backend), flags.set);
  for (const { scenario, edition, backend } of jobs) {
    const source = sources.get(scenario.name);
    if (source !== undefined) proofread(scenario, edition, backend, source);
  }
  const total = jobs.length;
  const onProgress = (p: CheckProgress): void => session.progress.show(() => progressLine(p, rows.length, total));
  const options = optionsOf(flags);
  if (flags.jobs > 1 && total > 1) {
    const errands = jobs.map(({ scenario, edition, backend }) => {
      const file = sources.get(scenario.name);
      const names = { scenario: scenario.name, edition: edition.name, backend: backend.name };
      return { ...names, ...(file === undefined ? { set: scenario.values ?? {} } : { file }) };
    });
    const asked = { ...options, jobs: flags.jobs, signal: session.signal };
    const done = await checkInPool(errands, { ...asked, onRow: (row) => rows.push(row), onProgress });
    rows.splice(0, rows.length, ...done.filter((row) => row !== undefined));
    return { interrupted: session.signal.aborted, total };
  }
  try {
    for (const { scenario, edition, backend } of jobs) {
      session.signal.throwIfAborted();
      const one = { scenarios: [scenario], editions: [edition.name], backends: [backend.name] };
      const asked = { ...options, jobs: flags.jobs, partial: true, signal: session.signal };
      const { results } = await check({ ...one, ...asked, onProgress });
      rows.push(...results);
      session.signal.throwIfAborted();
    }
  } catch (error) {
    if (!session.signal.aborted) throw error;
    return { interrupted: true, total };
  }
  return { interrupted: false, total };
}

/** What the flags say about each search. */
function optionsOf(flags: CheckFlags) {
  return {
    ...(flags.bound === undefined ? {} : { bound: flags.bound }),
    ...(flags.time === undefined ? {} : { time: flags.time }),
    memory: flags.memory,
    hardware: flags.hardware,
    ...(flags.reduce === undefined ? {} : { reduce: flags.reduce }),
    store: flags.store,
    livelock: flags.livelock,
    witness: flags.witness,
  };
}

function progressLine(p: CheckProgress, done: number, total: number): string {
  const what = `${p.scenario} in ${p.edition} on ${p.backend}`;
  const all =
    p.expected === undefined
      ? ""
      : ` of about ${count(p.expected.states)} (${count(p.expected.low)} to ${count(p.expected.high)})`;
  const found = `${count(p.states)} states${all}, depth ${p.depth}, ${count(p.queue)} waiting`;
  const speed = `${count(Math.round(p.rate / 1000))} k/s, ${count(Math.ceil(p.bytes / 2 ** 20))} MiB`;
  return `check ${done + 1} of ${total}: ${what}, ${found}, ${speed}`;
}
