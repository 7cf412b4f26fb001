/**
 * The catalogue's figures, bug by bug: seconds until `check` finds it in the edition without the fix and has exhausted
 * both sides, seconds until random programs find it with the settings that `fuzz` has by default, and what the fixed
 * side still shows, with the entry that explains it.
 *
 * The machine is the first one of a fixed order on which the bug shows. One worker fuzzes, so that its CPU time is what
 * it would take on a machine that does nothing else.
 */
import { writeFileSync } from "node:fs";
import { onlyBefore, survey } from "../src/explore/catalogue.js";
import type { CheckResultRow } from "../src/explore/check.js";
import { fuzzPair, type PairResult } from "../src/fuzz/pair.js";
import { plain } from "../src/report/paint.js";
import { table } from "../src/report/text.js";
import { findScenarios, pairOf, scenarios } from "../src/scenarios/index.js";
import type { Scenario } from "../src/scenarios/scenario.js";
import { cpuTime } from "./measure.js";

const MACHINES = ["x86", "arm64", "arm64-range", "x86-invlpgb", "precise", "riscv", "x86-pti", "x86-tce"];
const GOALS = { check: 10, fuzz: 60 } as const;

interface Row {
  readonly bug: string;
  readonly scenario: string;
  readonly vulnerable: string;
  readonly fixed: string;
  readonly machine: string;
  /** Seconds for every schedule of both editions, on all machines together. */
  readonly check: number;
  /** Seconds for the vulnerable edition on the machine. */
  readonly found: number;
  readonly fuzz: PairResult;
  /** States of the fixed edition on the machine; on all of them, whether every schedule was tried. */
  readonly states: number;
  readonly exhausted: boolean;
  /** What the fixed edition shows on any machine, each kind with the entry that explains it. */
  readonly left: readonly string[];
}

/** Kinds that the fixed edition shows, each with the bug that the scenario names for it. */
function explained(scenario: Scenario, fixed: readonly CheckResultRow[]): string[] {
  const kinds = new Set(fixed.flatMap((row) => row.violations.map((violation) => violation.kind)));
  const bugOf = (kind: string): string =>
    scenario.alsoFinds?.find((also) => also.kinds.includes(kind))?.bug ?? "not explained";
  return [...kinds].map((kind) => `${kind} (${bugOf(kind)})`);
}

async function measured(scenario: Scenario, time: number): Promise<Row | undefined> {
  const pair = pairOf(scenario);
  const started = cpuTime();
  const made = await survey(scenario);
  const check = (cpuTime() - started) / 1000;
  const machine = MACHINES.find((name) => made?.shows.includes(name));
  if (pair === undefined || made === undefined || machine === undefined) return undefined;
  const [vulnerable, fixed] = pair;
  const before = made.vulnerable.find((row) => row.backend === machine);
  const after = made.fixed.find((row) => row.backend === machine);
  const kinds = before === undefined ? [] : onlyBefore(before, after).map((violation) => violation.kind);
  const neighbours = scenario.neighbours ?? [];
  return {
    bug: scenario.bug,
    scenario: scenario.name,
    vulnerable,
    fixed,
    machine,
    check,
    found: before?.seconds ?? 0,
    fuzz: fuzzPair({
      vulnerable,
      fixed,
      backend: machine,
      kinds: [...kinds, ...scenario.always],
      neighbours,
      time,
      clock: cpuTime,
    }),
    states: after?.states ?? 0,
    exhausted: made.fixed.every((row) => row.complete),
    left: explained(scenario, made.fixed),
  };
}

const cells = (row: Row): string[] => [
  row.bug,
  row.scenario,
  `${row.vulnerable}, ${row.fixed}`,
  row.machine,
  row.found.toFixed(2),
  row.check.toFixed(1),
  row.fuzz.found === undefined ? `not in ${row.fuzz.seconds.toFixed(0)}` : row.fuzz.seconds.toFixed(1),
  row.fuzz.runs.toLocaleString("en-US"),
  row.states.toLocaleString("en-US") + (row.exhausted ? "" : ", bounded"),
  row.left.join(", "),
];

function text(rows: readonly Row[]): string {
  const titles = ["bug", "scenario", "editions", "machine", "found, s", "all, s", "fuzz, s", "runs", "fixed: states"];
  const columns = [...titles, "fixed: found (explained by)"].map((title, i) => ({
    head: title,
    align: i >= 4 && i < 9 ? ("right" as const) : ("left" as const),
  }));
  const late = rows.filter((row) => row.check >= GOALS.check).map((row) => row.scenario);
  const missed = rows.filter((row) => row.fuzz.found === undefined).map((row) => row.scenario);
  const open = rows.filter((row) => !row.exhausted || row.left.some((kind) => kind.includes("not explained")));
  const said = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));
  return [
    table(columns, rows.map(cells), { paint: plain, width: 200 }),
    "",
    "found: check of the vulnerable edition on the machine. all: both editions on all machines, every schedule.",
    "fuzz: random programs with default settings, one worker, until one shows the bug and does not with its fix.",
    `Check takes ${GOALS.check} s or more: ${said(late)}.`,
    `Not found by random programs: ${said(missed)}.`,
    `Fixed side not exhausted, or with something that no entry explains: ${said(open.map((row) => row.scenario))}.`,
  ].join("\n");
}

/** Measures the scenarios that the names stand for, all by default. `time`: seconds of fuzzing for each at most. */
export async function catalogue(names: readonly string[], json: string, time: number = GOALS.fuzz): Promise<number> {
  const chosen = names.length === 0 ? scenarios : names.flatMap(findScenarios);
  const rows: Row[] = [];
  for (const scenario of chosen) {
    const row = await measured(scenario, time);
    if (row === undefined) continue;
    rows.push(row);
    process.stderr.write(`${rows.length} ${cells(row).slice(0, 8).join("  ")}\n`);
  }
  console.log(text(rows));
  writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
  return rows.every((row) => row.fuzz.found !== undefined && row.check < GOALS.check) ? 0 : 1;
}
