/**
 * What a matcher says about a check: which rows are wrong, the shortest counterexample, and its token.
 */
import { type CheckOptions, type CheckResult, type CheckResultRow, check } from "../explore/check.js";
import { chooseScenario } from "../explore/choose.js";
import { replay } from "../fuzz/token.js";
import type { ViolationKind } from "../names.js";
import { type CheckAsked, whyBounded } from "../report/check.js";
import { plain } from "../report/paint.js";
import { formatStory } from "../report/replay.js";
import { count, listed, plural } from "../report/text.js";
import { shortestHarm } from "../report/words.js";
import type { Scenario } from "../scenarios/scenario.js";

/** What can be checked: a scenario, its name, or a result that is there already. */
export type Checked = string | Scenario | CheckResult | CheckResultRow;

/** As for `check`, with one edition and back-end by their plain names. */
export interface CheckedOptions extends Omit<CheckOptions, "scenarios"> {
  readonly edition?: string;
  readonly backend?: string;
  /** A promise that is broken, and that this machine hides, is good enough. */
  readonly masked?: boolean;
}

export interface Judgement {
  readonly pass: boolean;
  readonly message: () => string;
}

interface Rows {
  readonly rows: readonly CheckResultRow[];
  /** Scenarios that a token of the rows may name. */
  readonly own: readonly Scenario[];
}

/** Runs the check, unless it has been run. Throws an InputError for a name that does not exist. */
export async function checked(received: Checked, options: CheckedOptions): Promise<Rows> {
  if (typeof received === "object" && "results" in received) return { rows: received.results, own: [] };
  if (typeof received === "object" && "verdict" in received) return { rows: [received], own: [] };
  const { edition, backend, masked: _, ...rest } = options;
  const scenario = typeof received === "string" ? chooseScenario(received) : received;
  const { results } = await check({
    ...rest,
    scenarios: [scenario],
    ...(edition === undefined ? {} : { editions: [edition] }),
    ...(backend === undefined ? {} : { backends: [backend] }),
  });
  return { rows: results, own: [scenario] };
}

const nameOf = ({ scenario, edition, backend }: CheckResultRow): string => `${scenario} in ${edition} on ${backend}`;

function verdictOf(row: CheckResultRow, options: CheckedOptions): string {
  const what = `  ${nameOf(row)}: ${row.verdict}, ${plural(row.states, "state")}`;
  if (row.verdict === "bounded") return `${what}; ${whyBounded(row, askedOf(options))}`;
  const kinds = [...new Set(row.violations.map(({ kind, steps }) => `${kind} after ${plural(steps, "step")}`))];
  return kinds.length === 0 ? what : `${what}; ${listed(kinds)}`;
}

const askedOf = ({ bound, memory, time, witness = true }: CheckedOptions): CheckAsked => ({
  bound,
  memory,
  time,
  witness,
});

/** The shortest counterexample of the rows, told; empty when there is none to tell. */
function story(rows: readonly CheckResultRow[], own: readonly Scenario[], kind?: ViolationKind): string {
  const found = rows.flatMap(({ violations }) => violations).filter((one) => kind === undefined || one.kind === kind);
  const shown = (kind === undefined ? shortestHarm(found) : undefined) ?? [...found].sort(bySteps)[0];
  if (shown === undefined) return "";
  if (shown.schedule === "") return `\n\n${(shown.path ?? []).join("\n")}`;
  return `\n\n${toldToken(shown.schedule, own)}`;
}

const bySteps = (a: { steps: number }, b: { steps: number }): number => a.steps - b.steps;

/** A token's story as a failure shows it, and how to see it again. */
export function toldToken(token: string, own: readonly Scenario[] = []): string {
  const text = formatStory(replay(token, own), { paint: plain, width: 110, folded: true });
  return `${text}\nreplay it: shootdown replay '${token}'`;
}

export function judgeHolds({ rows, own }: Rows, options: CheckedOptions, isNot: boolean): Judgement {
  const good = (row: CheckResultRow): boolean =>
    row.verdict === "holds" || (options.masked === true && row.verdict === "masked");
  const wrong = rows.filter((row) => good(row) === isNot);
  const lines = (wrong.length > 0 ? wrong : rows).map((row) => verdictOf(row, options));
  const expected = `expected every schedule ${isNot ? "not " : ""}to keep its promises`;
  const head = `${expected}; ${count(wrong.length)} of ${plural(rows.length, "check")}:`;
  return {
    pass: rows.length > 0 && rows.every(good),
    message: () => `${[head, ...lines].join("\n")}${isNot ? "" : story(wrong, own)}`,
  };
}

export function judgeViolation(
  { rows, own }: Rows,
  kind: ViolationKind | undefined,
  options: CheckedOptions,
  isNot: boolean,
): Judgement {
  const has = (row: CheckResultRow): boolean =>
    row.violations.some((one) => (kind === undefined ? one.severity === "harm" : one.kind === kind));
  const what = kind ?? "harm";
  const head = `expected the search ${isNot ? "not " : ""}to find ${what}; it found:`;
  const found = rows.filter(has);
  return {
    pass: found.length > 0,
    message: () => {
      const lines = (isNot ? found : rows).map((row) => verdictOf(row, options));
      return `${[head, ...lines].join("\n")}${isNot ? story(found, own, kind) : ""}`;
    },
  };
}
