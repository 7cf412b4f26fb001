/**
 * Agreement with real kernels as text and as JSON.
 */
import type { ConformResult, ConformRow, Disagreement } from "../conform/conform.js";
import type { Look } from "./paint.js";
import { count, plural, table, wrap } from "./text.js";

const DIFFERENCES_SHOWN = 10;
const LONGEST = 400;

/** Share of the compared operations that agree, in percent. */
export const shareOf = ({ agreed, compared }: Pick<ConformResult, "agreed" | "compared">): number =>
  compared === 0 ? 0 : (100 * agreed) / compared;

const percent = (part: number, whole: number): string => (whole === 0 ? "-" : ((100 * part) / whole).toFixed(2));

export const conformJson = (result: ConformResult): object => ({ schema: "shootdown/conform@1", ...result });

/** A table by file, then what differs; all of it when `all` is set. */
export function formatConform(result: ConformResult, look: Look, all: boolean): string {
  const parts = [conformTable(result, look), summary(result, look)];
  const notes = [...new Set(result.rows.flatMap(({ note }) => note ?? []))];
  parts.push(...notes);
  const shown = all ? result.disagreements : result.disagreements.slice(0, DIFFERENCES_SHOWN);
  parts.push(...shown.map((difference) => tell(difference, look, all)));
  const hidden = result.disagreements.length - shown.length;
  if (hidden > 0) parts.push(`and ${plural(hidden, "further disagreement")}: --all prints them`);
  for (const [why, times] of reasons(result)) parts.push(`without a rule, ${count(times)}: ${why}`);
  return `${parts.join("\n\n")}\n`;
}

/** One row a file, and one for each kernel. */
export function conformTable({ rows }: Pick<ConformResult, "rows">, look: Look): string {
  const kernels = [...new Set(rows.map(({ kernel }) => kernel))];
  const lines = kernels.flatMap((kernel) => {
    const own = rows.filter((row) => row.kernel === kernel);
    const cells = own.map((row) => [kernel, row.file.slice(kernel.length + 1), ...numbers([row])]);
    return own.length > 1 ? [...cells, [kernel, "all", ...numbers(own)]] : cells;
  });
  const right = (head: string) => ({ head, align: "right" as const });
  const heads = ["operations", "repeatable", "agreed", "% of these", "% of all"].map(right);
  return table([{ head: "kernel" }, { head: "file" }, ...heads], lines, look);
}

function numbers(rows: readonly ConformRow[]): string[] {
  const sum = (field: "operations" | "compared" | "agreed"): number => rows.reduce((n, row) => n + row[field], 0);
  const [operations, compared, agreed] = [sum("operations"), sum("compared"), sum("agreed")];
  return [count(operations), count(compared), count(agreed), percent(agreed, compared), percent(agreed, operations)];
}

function summary(result: ConformResult, look: Look): string {
  const { operations, compared, agreed, unrepeatable, unsupported } = result;
  const text =
    `${count(agreed)} of ${count(compared)} compared operations agree in every field ` +
    `(${percent(agreed, compared)} %; ${percent(agreed, operations)} % of all ${count(operations)}). ` +
    `Not compared: ${count(unrepeatable)} that differed between repeats of the recording, ` +
    `${count(unsupported)} that the model has no rule for.`;
  return wrap(text, look.width);
}

function tell(difference: Disagreement, look: Look, all: boolean): string {
  const { file, scenario, op, line, field, explanation } = difference;
  const cut = (text: string): string => (all || text.length <= LONGEST ? text : `${text.slice(0, LONGEST)} ...`);
  const head = look.paint("title", `${file} ${scenario}, operation ${op + 1}: ${line}`);
  const lines = [`recorded:  ${cut(difference.recorded)}`, `predicted: ${cut(difference.predicted)}`, explanation];
  return [`${head} (${field})`, ...lines.map((text) => wrap(text, look.width))].join("\n");
}

function reasons({ skipped }: ConformResult): [string, number][] {
  const found = new Map<string, number>();
  for (const { why } of skipped) found.set(why, (found.get(why) ?? 0) + 1);
  return [...found];
}
