/**
 * The catalogue of historical bugs: what is modelled, and what each pair of editions shows on each machine.
 */
import { backends } from "../kernel/arch/backends.js";
import { pairOf, scenarios } from "../scenarios/index.js";
import type { Scenario } from "../scenarios/scenario.js";
import { type Unmodelled, unmodelled } from "../scenarios/unmodelled.js";
import { type CheckResultRow, check, type FoundViolation } from "./check.js";

/** One numbered bug: its scenarios, or what is missing to have one. */
export interface Bug {
  readonly id: string;
  readonly title: string;
  readonly cve: readonly string[];
  readonly commits: readonly string[];
  readonly kernels: string;
  readonly scenarios: readonly Scenario[];
  readonly missing?: string;
}

/** "B12" before "B15(a)" before "B15(b)". */
function rank(id: string): string {
  const [, number = "999", part = ""] = /^B(\d+)(.*)$/.exec(id) ?? [];
  return number.padStart(3, "0") + part;
}

const unique = (words: readonly string[]): string[] => [...new Set(words)];

function modelled(id: string, shown: readonly Scenario[]): Bug {
  return {
    id,
    title: shown[0]?.title ?? "",
    cve: unique(shown.flatMap((s) => s.cve ?? [])),
    commits: unique(shown.flatMap((s) => s.commits)),
    kernels: shown.find((s) => s.kernels !== undefined)?.kernels ?? "",
    scenarios: shown,
  };
}

const notYet = (entry: Unmodelled): Bug => ({
  id: entry.bug,
  title: entry.title,
  cve: entry.cve ?? [],
  commits: entry.commits,
  kernels: entry.kernels,
  scenarios: [],
  missing: entry.missing,
});

/** Every numbered bug, in order. Scenarios without a number (open questions) are not bugs of the catalogue. */
export function bugs(): readonly Bug[] {
  const ids = unique(scenarios.map((s) => s.bug)).filter((id) => id.startsWith("B"));
  const shown = ids.map((id) =>
    modelled(
      id,
      scenarios.filter((s) => s.bug === id),
    ),
  );
  return [...shown, ...unmodelled.map(notYet)].sort((a, b) => (rank(a.id) < rank(b.id) ? -1 : 1));
}

/** A scenario's pair on every machine. */
export interface Survey {
  readonly scenario: Scenario;
  readonly vulnerable: readonly CheckResultRow[];
  readonly fixed: readonly CheckResultRow[];
  /** Machines on which harm is reachable without the fix, and those that hide it or never have it. */
  readonly shows: readonly string[];
  readonly hides: readonly string[];
}

/** Checks the pair of a scenario, or nothing when it has none. */
export async function survey(scenario: Scenario, bound = 1 << 18): Promise<Survey | undefined> {
  const pair = pairOf(scenario);
  if (pair === undefined) return undefined;
  const machines = backends.map((backend) => backend.name);
  const { results } = await check({ scenarios: [scenario], editions: pair, backends: machines, bound });
  const of = (edition: string): CheckResultRow[] => results.filter((row) => row.edition === edition);
  const vulnerable = of(pair[0]);
  const fixed = of(pair[1]);
  const bad = (row: CheckResultRow): boolean =>
    onlyBefore(
      row,
      fixed.find((r) => r.backend === row.backend),
    ).length > 0;
  return {
    scenario,
    vulnerable,
    fixed,
    shows: vulnerable.filter(bad).map((row) => row.backend),
    hides: vulnerable.filter((row) => !bad(row)).map((row) => row.backend),
  };
}

/** Harm that the edition without the fix has and the edition with it has not, case by case. */
export function onlyBefore(before: CheckResultRow, after: CheckResultRow | undefined): readonly FoundViolation[] {
  const name = (v: FoundViolation): string => `${v.case} ${v.kind}`;
  const left = new Set(after?.violations.map(name));
  return before.violations.filter((v) => v.severity === "harm" && !left.has(name(v)));
}
