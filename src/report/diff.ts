/**
 * The difference of two editions as text, function by function, each line with its commit.
 */

import type { FunctionDifference } from "../kernel/difference.js";
import type { Edition } from "../kernel/editions.js";
import type { Look } from "./paint.js";
import { wrap } from "./text.js";

/** What `shootdown diff` prints as JSON. */
export interface DiffResult {
  readonly schema: "shootdown/diff@1";
  readonly before: string;
  readonly after: string;
  readonly functions: readonly FunctionDifference[];
}

export function formatDiff(before: Edition, after: Edition, found: readonly FunctionDifference[], look: Look): string {
  if (found.length === 0) return `${before.name} and ${after.name} have the same lines here\n`;
  const blocks = found.map((entry) => {
    const where = entry.calls.length === 0 ? "" : `, in ${entry.calls.join(", ")}`;
    const head = look.paint("title", wrap(`${entry.file} ${entry.function}${where}`, look.width));
    const width = Math.max(...entry.lines.map((line) => line.text.length));
    const lines = entry.lines.map(({ sign, text, commit }) => {
      const mark = commit === undefined ? "" : look.paint("quiet", commit);
      return `  ${sign} ${text.padEnd(width)}  ${mark}`.trimEnd();
    });
    return [head, ...lines].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}
