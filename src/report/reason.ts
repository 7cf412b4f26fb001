/**
 * Why a violation could happen, and what repairs it: four lines below a counterexample.
 */
import { formatCpus } from "../explore/describe.js";
import type { Moment, OwedFlush, Reason } from "../explore/reason.js";
import { backends as allBackends } from "../kernel/arch/backends.js";
import type { Repair, RepairResult } from "../mutate/repair.js";
import type { Look } from "./paint.js";
import { count, listed, plural, table } from "./text.js";

const lineOf = ({ fn, text }: Moment): string => (text === "" ? fn : `${fn}: ${text}`);

const holdersOf = (cpus: readonly number[]): string => formatCpus(cpus.reduce((mask, cpu) => mask | (1 << cpu), 0));

/** "entry", "flush", "lock" and "repair", each with its sentence. */
export function reasonRows(reason: Reason | undefined, found: RepairResult | undefined): readonly [string, string][] {
  const rows: [string, string][] = [];
  if (reason !== undefined) {
    rows.push(["entry", entrySentence(reason)], ["flush", flushSentence(reason)]);
    if (reason.lock !== undefined) rows.push(["lock", lockSentence(reason)]);
  }
  if (found !== undefined) rows.push(["repair", repairSentences(found).join("\n")]);
  return rows;
}

/** The same as a table; empty when there is no reason to give. */
export function formatReason(reason: Reason | undefined, found: RepairResult | undefined, look: Look): string {
  const rows = reasonRows(reason, found);
  const columns = [{ head: "why" }, { head: "", flexible: true, least: 40 }] as const;
  return rows.length === 0 ? "" : table(columns, rows, look);
}

function entrySentence({ entry, cpus, since, cleared }: Reason): string {
  const who = holdersOf(cpus);
  const from = since === 0 ? "" : `from step ${since} `;
  return `${entry}: ${who} may cache it at any time ${from}until step ${cleared.step}, where ${cleared.who} clears it.`;
}

function flushSentence({ owed, cleared, cpus }: Reason): string {
  const { flush, reach = "" } = owed;
  const { who } = cleared;
  const after = flush === undefined ? 0 : flush.step - cleared.step;
  const where = flush === undefined ? "" : lineOf(flush);
  const sentences: Readonly<Record<OwedFlush["verdict"], string>> = {
    none: `missing: left alone, ${who} comes to its end and nothing flushes the entry.`,
    late: `late: left alone, ${who} flushes it ${plural(after, "step")} after step ${cleared.step}, in ${where}.`,
    narrow: `too narrow: ${where} drops ${reach} and leaves it.`,
    elsewhere: `elsewhere: ${where} reaches ${reach}, and not ${holdersOf(cpus)}.`,
    early: `too early: ${where} came at step ${flush?.step}, before the entry was cleared.`,
  };
  return sentences[owed.verdict];
}

function lockSentence({ lock, cleared }: Reason): string {
  if (lock === undefined) return "";
  const drop = `${lock.name} is held at step ${cleared.step} and dropped at step ${lock.dropped.step}`;
  if (lock.taken === undefined) return `${drop}: with the flush before that, nobody could come between.`;
  const { who, step } = lock.taken;
  return `${drop}; ${who} takes it at step ${step}. Dropped only after a flush, it makes ${who} wait.`;
}

function repairSentences(found: RepairResult): string[] {
  const { repairs, tried, searches, states, complete } = found;
  const searched = `${count(searches)} searches of every schedule, ${count(states)} states`;
  const effort = `${plural(tried, "change")} tried, ${searched}`;
  if (repairs.length === 0) {
    const all = complete ? "No change that is tried here" : "Not every change was tried; none so far";
    return [`${all} repairs it (${effort}).`];
  }
  const own = repairs.find(({ kind }) => kind !== "commit");
  const linux = repairs.find(({ kind }) => kind === "commit");
  const left = found.left.length === 0 ? "" : ` Left over, as in the fixed edition: ${listed(found.left)}.`;
  return [
    ...(own === undefined ? [] : [`In ${own.fn} (${own.file}): ${own.text}. Enough on ${machinesOf(own)}.`]),
    ...(linux === undefined ? [] : [`Linux has ${linux.text}: alone enough on ${machinesOf(linux)}.`]),
    `Checked: ${plural(found.cases, "case")}; ${effort}.${left}`,
  ];
}

const machinesOf = ({ backends }: Repair): string =>
  backends.length === allBackends.length ? `all ${allBackends.length} machines` : listed(backends);
