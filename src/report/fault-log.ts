/**
 * A log with faults as text: how many of the kernel's own flushes were predicted, by cause.
 */
import type { FlushLogResult } from "../oplog/log.js";
import type { CauseCounts } from "../oplog/predict.js";
import type { Look } from "./paint.js";
import { count, plural, table, wrap } from "./text.js";

const share = (part: number, whole: number): string => (whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`);

export function formatFaultLog(result: FlushLogResult, look: Look): string {
  const { flushes, causes } = result;
  const title = look.paint("title", `${result.log} in ${result.edition} with ${plural(result.cpus, "CPU")}`);
  const read =
    `${plural(result.lines, "line")}, ${plural(result.tasks, "task")}: ${count(result.faults)} page faults stand for ` +
    `the touches, ${count(result.calls)} calls were followed.`;
  const heads = ["recorded", "exact", "", "range", "count", "missed", "extra"];
  const columns = [{ head: "cause" }, ...heads.map((head) => ({ head, align: "right" as const }))];
  const rows = Object.entries(causes).map(([cause, counts]) => [cause, ...cells(counts)]);
  const body = table(columns, [...rows, ["all", ...cells(flushes)]], look);
  const meaning =
    "exact: predicted at this place with this number of pages; range: ranged or full as recorded, with other pages; " +
    "count: a flush of another kind; extra: predicted, not recorded. Compared are flushes on the task's own CPU and " +
    "interrupts that it sent.";
  const left =
    `Not compared: ${count(result.taskSwitches)} flushes at task switches, ${count(result.remote)} that other CPUs ` +
    `made, ${count(result.beforeExec)} of tasks whose memory is not known yet.`;
  const holes =
    result.lost + result.unpaired === 0
      ? ""
      : ` The log has holes: the recorder lost ${plural(result.lost, "event")}, and ${count(result.unpaired)} lines ` +
        "stand alone or say nothing; predictions near them may be wrong.";
  const notes = look.paint("quiet", wrap(`${meaning} ${left}${holes}`, look.width));
  return `${[title, wrap(read, look.width), body, notes].join("\n\n")}\n`;
}

function cells(counts: CauseCounts): string[] {
  const { recorded, exact, range, missed, extra } = counts;
  return [recorded, exact].map(count).concat(share(exact, recorded), [range, counts.count, missed, extra].map(count));
}
