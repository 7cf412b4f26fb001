/**
 * Which machine hides which mistake: the rows of a check, turned so that the machines stand side by side.
 *
 * Nothing here knows a scenario or a machine: a mistake is what the searches found in an edition, and a machine hides
 * it when no schedule does harm there.
 */
import type { CheckResultRow } from "../explore/check.js";
import type { Footnotes } from "./footnotes.js";
import type { Look } from "./paint.js";
import { table } from "./text.js";
import { recordedDetails } from "./words.js";

export type Seen = "visible" | "hidden" | "absent" | "bounded";

/** One mistake of a scenario, in the editions in which every machine answers in the same way. */
export interface Mistake {
  readonly scenario: string;
  readonly editions: readonly string[];
  readonly what: string;
  readonly machines: Readonly<Record<string, Seen>>;
  /** What hides it, by machine. */
  readonly hiddenBy: Readonly<Record<string, readonly string[]>>;
}

const SEEN: Readonly<Record<CheckResultRow["verdict"], Seen>> = {
  violated: "visible",
  masked: "hidden",
  holds: "absent",
  bounded: "bounded",
};

/** What went wrong, over all machines. */
function whatOf(rows: readonly CheckResultRow[]): string {
  const details = new Set(rows.flatMap(recordedDetails));
  const kinds = new Set(rows.flatMap((row) => row.violations.map((violation) => violation.kind)));
  const parts: string[] = [];
  if (details.has("span")) parts.push("the recorded range leaves out what was cleared");
  if (details.has("level")) parts.push("only leaves are recorded, and a table went");
  if (parts.length === 0 && kinds.has("FLUSH_AFTER_UNLOCK")) parts.push("the flush comes after the unlock, or never");
  if (parts.length === 0) parts.push([...kinds].join(", "));
  return parts.join("; ");
}

/** The mistakes among the rows, on the machines that were checked. Rows without any mistake are left out. */
export function mistakesOf(rows: readonly CheckResultRow[]): Mistake[] {
  const found: Mistake[] = [];
  for (const scenario of new Set(rows.map((row) => row.scenario))) {
    for (const edition of new Set(rows.map((row) => row.edition))) {
      const mine = rows.filter((row) => row.scenario === scenario && row.edition === edition);
      if (mine.every((row) => row.verdict === "holds" || row.verdict === "bounded")) continue;
      join(found, {
        scenario,
        editions: [edition],
        what: whatOf(mine),
        machines: Object.fromEntries(mine.map((row) => [row.backend, SEEN[row.verdict]])),
        hiddenBy: Object.fromEntries(
          mine.filter((row) => row.verdict === "masked").map((row) => [row.backend, row.hiddenBy]),
        ),
      });
    }
  }
  return found;
}

/** Adds a mistake, or the edition of one that is there already. */
function join(found: Mistake[], mistake: Mistake): void {
  const same = ({ scenario, what, machines, hiddenBy }: Mistake): string =>
    JSON.stringify([scenario, what, machines, hiddenBy]);
  const at = found.findIndex((other) => same(other) === same(mistake));
  const known = found[at];
  if (known === undefined) found.push(mistake);
  else found[at] = { ...known, editions: [...known.editions, ...mistake.editions] };
}

/** The table, or nothing when fewer than two machines were checked or nobody made a mistake. */
export function formatMasking(rows: readonly CheckResultRow[], notes: Footnotes, look: Look): string {
  const machines = [...new Set(rows.map((row) => row.backend))];
  const mistakes = mistakesOf(rows);
  if (machines.length < 2 || mistakes.length === 0) return "";
  const cell = (mistake: Mistake, machine: string): string => {
    const seen = mistake.machines[machine];
    if (seen === undefined) return "-";
    const marks = (mistake.hiddenBy[machine] ?? []).map((text) => notes.mark(`hidden by this: ${text}`)).join(",");
    const paint = seen === "visible" ? "violated" : seen === "hidden" ? "masked" : "quiet";
    return `${look.paint(paint, seen)} ${marks}`.trimEnd();
  };
  const body = mistakes.map((mistake) => [
    mistake.scenario,
    mistake.editions.join(" "),
    mistake.what,
    ...machines.map((machine) => cell(mistake, machine)),
  ]);
  const columns = [
    { head: "scenario" },
    { head: "editions", flexible: true, least: 8 },
    { head: "mistake", flexible: true, least: 16 },
    ...machines.map((head) => ({ head })),
  ];
  return `${look.paint("title", "Which machine hides which mistake:")}\n${table(columns, body, look)}`;
}
