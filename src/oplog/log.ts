/**
 * Logs with faults: told from strace logs by their first lines, read, and played.
 */
import { InputError } from "../error.js";
import { findEdition } from "../kernel/editions.js";
import { openLines } from "../workload/stream.js";
import type { LogEvent } from "./events.js";
import { OPS_LINE, parseOpsLine } from "./ops.js";
import { PerfReader } from "./perf.js";
import { isPerfLine } from "./perf-line.js";
import { type Cause, type CauseCounts, Predictor } from "./predict.js";

/** Kernel that made the logs that come with the project. */
export const LOG_EDITION = "6.18.44";
/** Lines that are looked at: call chains and other events may come first. */
const SNIFFED = 400;
const CPUS_MAX = 1024;

export type LogForm = "ops" | "perf";

export interface FlushLogResult {
  readonly schema: "shootdown/run-faults@1";
  readonly log: string;
  readonly form: LogForm;
  readonly edition: string;
  readonly lines: number;
  readonly events: number;
  readonly faults: number;
  readonly calls: number;
  readonly tasks: number;
  readonly cpus: number;
  /** Flushes on the task's own CPU and interrupts that it sent, all causes together and each. */
  readonly flushes: CauseCounts;
  readonly causes: Readonly<Record<string, CauseCounts>>;
  /** Flush events that are not compared. */
  readonly taskSwitches: number;
  readonly remote: number;
  readonly beforeExec: number;
  /** Events that the recorder says it lost, and lines of calls whose other half, or whose meaning, is missing. */
  readonly lost: number;
  readonly unpaired: number;
  readonly seconds: number;
}

/** The form of a log by its first lines; undefined for anything else, such as strace's. */
export async function formOf(log: string, signal?: AbortSignal): Promise<LogForm | undefined> {
  let looked = 0;
  for await (const { text } of openLines(log, signal)) {
    if (text === "" || text.startsWith("#")) continue;
    if (OPS_LINE.test(text)) return "ops";
    if (isPerfLine(text)) return "perf";
    if (++looked >= SNIFFED) break;
  }
  return undefined;
}

/** Plays a log with faults in an edition, and compares the flushes. */
export async function runFaultLog(
  log: string,
  form: LogForm,
  editionName = LOG_EDITION,
  signal?: AbortSignal,
): Promise<FlushLogResult> {
  const edition = findEdition(editionName);
  if (edition === undefined) {
    throw new InputError(`there is no edition "${editionName}"`, {
      source: "edition",
      remedy: "give a release, such as 6.18",
    });
  }
  const began = performance.now();
  const { events, lines, lost, unpaired } = await readEvents(log, form, signal);
  const cpus = 1 + events.reduce((most, { cpu }) => Math.max(most, cpu), 0);
  if (cpus > CPUS_MAX) throw new InputError(`CPU ${cpus - 1} is no CPU`, { source: log, remedy: "check the log" });
  const children = new Map<number, { parent: number; shares: boolean }>();
  for (const event of events) {
    if (event.kind === "clone") children.set(event.child, { parent: event.pid, shares: event.shares });
  }
  const predictor = new Predictor(edition, cpus, children);
  for (const event of events) predictor.handle(event);
  predictor.finish();
  const causes = Object.fromEntries([...predictor.causes].sort(([, a], [, b]) => b.recorded - a.recorded));
  return {
    schema: "shootdown/run-faults@1",
    log,
    form,
    edition: edition.name,
    lines,
    events: events.length,
    faults: events.reduce((sum, event) => sum + (event.kind === "fault" ? event.pages : 0), 0),
    calls: events.filter(({ kind }) => kind !== "fault" && kind !== "flush").length,
    tasks: new Set(events.map(({ pid }) => pid)).size,
    cpus,
    flushes: total(Object.values(causes)),
    causes: causes as Readonly<Record<Cause, CauseCounts>>,
    taskSwitches: predictor.left.get(0) ?? 0,
    remote: [...predictor.left].reduce((sum, [reason, times]) => sum + (reason === 0 ? 0 : times), 0),
    beforeExec: predictor.before,
    lost,
    unpaired,
    seconds: (performance.now() - began) / 1000,
  };
}

async function readEvents(
  log: string,
  form: LogForm,
  signal: AbortSignal | undefined,
): Promise<{ events: LogEvent[]; lines: number; lost: number; unpaired: number }> {
  const events: LogEvent[] = [];
  const perf = new PerfReader();
  let lines = 0;
  for await (const { text, line } of openLines(log, signal)) {
    lines = line;
    const event = form === "ops" ? parseOpsLine(text.trimEnd(), log, line) : perf.parse(text, line);
    if (event !== undefined) events.push(event);
  }
  return { events, lines, lost: perf.lost, unpaired: perf.unpaired };
}

function total(counts: readonly CauseCounts[]): CauseCounts {
  const sum = (field: keyof CauseCounts): number => counts.reduce((n, each) => n + each[field], 0);
  return {
    recorded: sum("recorded"),
    exact: sum("exact"),
    range: sum("range"),
    count: sum("count"),
    missed: sum("missed"),
    extra: sum("extra"),
  };
}
