/**
 * A prediction against what was seen: every field of an operation, or the first that differs.
 *
 * Left out, and why
 *   Callers in a flush event: names of functions that compilers inline.
 *   Events of a file's lock, where the recording has none of that scenario, or where one process alone took it: the
 *   recorder could not tell whose lock it was.
 *   In a fork, what touches memory that no line of the script mapped: the recorded program's own.
 *   Addresses of tables for that memory.
 */
import type { Event } from "../sequential/world.js";
import type { Played } from "./play.js";
import type { RecordedOp, RecordedScenario, Seen } from "./recording.js";

/** A field that is compared. */
export type Field = "result" | "status" | "counters" | "events" | "switches";

export interface Difference {
  readonly field: Field;
  readonly recorded: string;
  readonly predicted: string;
}

/** What decides which events count. */
export interface Scope {
  readonly keepLocks: ReadonlySet<string>;
  /** [start, end) of what the script maps. */
  readonly mapped: readonly (readonly [number, number])[];
  /** Kinds that the recorder had no probe for. */
  readonly unprobed: ReadonlySet<string>;
}

const LOCK = /^i_mmap_/;

/** The first field in which they differ; undefined when none does. */
export function differ(op: RecordedOp, seen: Seen, played: Played, scope: Scope): Difference | undefined {
  const fields: [Field, string | undefined, string | undefined][] = [
    ["result", seen.result?.join(" "), played.result?.join(" ")],
    // What movepages says of each page is in no recording here, so its form is not known.
    ["status", / movepages /.test(op.line) ? undefined : seen.extra, played.extra],
    ["counters", seen.info, played.info],
    ["events", ...eventsOf(op.line, seen, played, scope)],
    ["switches", say(seen.switches), say(played.switches)],
  ];
  for (const [field, recorded, predicted] of fields) {
    if (recorded === predicted || (recorded === undefined && field !== "events")) continue;
    return { field, recorded: recorded ?? "none", predicted: predicted ?? "none" };
  }
  return undefined;
}

function eventsOf(line: string, seen: Seen, played: Played, scope: Scope): [string, string] {
  const fork = / fork /.test(line);
  if (seen.events[0]?.[0] === "histogram") {
    return [say(seen.events.slice(1)), say(histogram(normal(played.events, scope, false)))];
  }
  return [say(normal(seen.events, scope, fork)), say(normal(played.events, scope, fork))];
}

/** Counts by kind; of what CPUs did by CPU and pages, of interrupts by pages. */
function histogram(events: readonly Event[]): Event[] {
  const counts = new Map<string, number>();
  for (const event of events) {
    const by = { ipi: 2, local: 3, remote: 3 }[String(event[0])] ?? 1;
    const key = event.slice(0, by).join(" ");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, count]) => [key, count]);
}

export function scopeOf(
  scenario: RecordedScenario,
  played: readonly Played[],
  ranges: Scope["mapped"],
  unprobed: Scope["unprobed"],
): Scope {
  const recorded = scenario.ops.some(({ outcomes }) => outcomes.some(({ events }) => events.some(isLock)));
  const takers = new Map<string, Set<string>>();
  scenario.ops.forEach(({ line }, i) => {
    for (const event of played[i]?.events.filter(isLock) ?? []) {
      const file = String(event[1]);
      takers.set(file, (takers.get(file) ?? new Set()).add(line.split(" ", 1)[0] ?? ""));
    }
  });
  const shared = [...takers].filter(([, by]) => by.size > 1).map(([file]) => file);
  return { keepLocks: new Set(scenario.locks && recorded ? shared : []), mapped: ranges, unprobed };
}

const isLock = (event: Event): boolean => LOCK.test(String(event[0]));

/** Events in the form that is compared. */
function normal(events: readonly Event[], scope: Scope, fork: boolean): Event[] {
  const found: Event[] = [];
  for (const event of fork ? ofScript(events, scope) : events) {
    const kind = String(event[0]);
    if (scope.unprobed.has(kind)) continue;
    if (LOCK.test(kind)) {
      // A recorded event does not say whose lock it was; a predicted one does.
      if (event.length > 1 && !scope.keepLocks.has(String(event[1]))) continue;
      found.push([kind]);
    } else if (kind === "hfault") addFault(found, event);
    else found.push(kind === "flush" ? event.slice(0, 6) : event);
  }
  return found;
}

/** Faults of one mm that one table served, in a row, are one event. */
function addFault(found: Event[], event: Event): void {
  const last = found.at(-1);
  const [kind, mm, , count, table] = event;
  if (last === undefined || last[0] !== kind || last[1] !== mm || last[4] !== table) found.push(event);
  else
    found[found.length - 1] = [
      String(kind),
      String(mm),
      String(last[2]),
      Number(last[3]) + Number(count),
      String(table),
    ];
}

/** A fork's events up to its flush; what the program's own memory does there and after is not in the script. */
function ofScript(events: readonly Event[], scope: Scope): Event[] {
  const end = events.findIndex((event) => event[0] === "ptep_clear_flush" || event[0] === "child_side");
  return (end < 0 ? events : events.slice(0, end)).map((event) => {
    if (event[0] !== "alloc_table" || event.length < 4) return event;
    const address = Number(event[3]);
    const known = scope.mapped.some(([from, to]) => from <= address && address < to);
    return known ? event : [...event.slice(0, 3), "program"];
  });
}

/** "local 1 8 +1, remote 2 8 +1"; runs of one event are counted. */
export function say(events: readonly Event[]): string {
  const parts: string[] = [];
  for (let i = 0; i < events.length; ) {
    const text = (events[i] as Event).join(" ").trim();
    let run = 1;
    while (i + run < events.length && (events[i + run] as Event).join(" ").trim() === text) run++;
    parts.push(run > 1 ? `${run} x (${text})` : text);
    i += run;
  }
  return parts.length === 0 ? "none" : parts.join(", ");
}
