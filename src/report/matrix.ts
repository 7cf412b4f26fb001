/**
 * The history of a race as a matrix: editions down, back-ends across, verdict and number of states in each cell.
 */
import type { CheckResultRow } from "../explore/check.js";
import { findEdition, orderOf } from "../kernel/editions.js";
import type { Footnotes } from "./footnotes.js";
import type { Look } from "./paint.js";
import { count, table } from "./text.js";
import { onlyTheLevel, recordedDetails } from "./words.js";

/**
 * Rows of one scenario; editions and back-ends in the order in which they come. What the marks in it mean is in
 * `notes`, which several matrices may share; `titles` adds a column that says what each edition is.
 */
export function formatMatrix(rows: readonly CheckResultRow[], notes: Footnotes, titles: boolean, look: Look): string {
  const editions = [...new Set(rows.map((row) => row.edition))];
  const backends = [...new Set(rows.map((row) => row.backend))];
  const cellOf = (edition: string, backend: string): string => {
    const row = rows.find((other) => other.edition === edition && other.backend === backend);
    if (row === undefined) return "-";
    const marks = reasonsOf(row)
      .map((text) => notes.mark(text))
      .join(",");
    return `${look.paint(row.verdict, row.verdict)} ${count(row.states)} ${marks}`.trimEnd();
  };
  const body = editions.map((edition) => [
    edition,
    ...backends.map((backend) => cellOf(edition, backend)),
    ...(titles ? [findEdition(edition)?.title ?? ""] : []),
  ]);
  const columns = [
    { head: "edition" },
    ...backends.map((head) => ({ head })),
    ...(titles ? [{ head: "what it is", flexible: true, least: 24 }] : []),
  ];
  return table(columns, body, look);
}

/** What goes wrong in a cell, and what hides it. */
function reasonsOf(row: CheckResultRow): string[] {
  const reasons: string[] = [];
  if (row.verdict === "holds") return reasons;
  const cause = causeOf(row);
  if (cause !== undefined) reasons.push(cause);
  if (row.verdict === "masked") reasons.push(...row.hiddenBy.map((text) => `hidden by this: ${text}`));
  if (!row.complete) reasons.push("not every schedule was tried");
  if (row.violations.some((violation) => !violation.confirmed)) {
    reasons.push("UNCONFIRMED: a violation has no witness, which is a defect of the simulator, please report it");
  }
  return reasons;
}

/** From what the check found: what was recorded tells the three bugs of the unsharing path apart. */
function causeOf(row: CheckResultRow): string | undefined {
  const edition = findEdition(row.edition);
  const seeded = edition !== undefined && orderOf(edition.base) >= orderOf("5.16");
  if (onlyTheLevel(row)) {
    return (
      "B9: the unshared GiB is recorded as cleared entries, not as a table, so a flush that drops leaves only leaves " +
      "the pointer to the table in walk caches (repaired in 7.1)"
    );
  }
  if (seeded && recordedDetails(row).includes("span")) {
    return "B4: the GiB before the unshared one is recorded when the address is GiB-aligned (repaired in 5.19)";
  }
  if (!seeded && row.verdict === "violated") {
    return "B1: nothing records the unshare, so no flush comes before i_mmap_rwsem is dropped (CVE-2021-4002)";
  }
  return undefined;
}
