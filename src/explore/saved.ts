/**
 * A schedule as a file that outlives the build that wrote it: what was run, what it showed, and hashes of what it went
 * through. Another build either tells the same story, or says which listings read differently now.
 */
import { InputError } from "../error.js";
import type { Story } from "./replay.js";
import { type StageOptions, stage } from "./stage.js";

export interface ScheduleFile {
  readonly schema: "shootdown/schedule@1";
  readonly token: string;
  /** Version of shootdown that wrote it. */
  readonly version?: string | undefined;
  readonly configuration?: Configuration | undefined;
  /** Hash of each kernel function that the tasks' calls can run, by name. */
  readonly listings?: Readonly<Record<string, string>> | undefined;
  /** Violations on the way, in order. */
  readonly expected?: readonly { readonly kind: string; readonly step: number }[] | undefined;
  /** Hash of every step as the story tells it. */
  readonly trace?: string | undefined;
}

/** What the machine was: enough to say what has changed when a scenario of this name is another one. */
export interface Configuration {
  readonly geometry: string;
  readonly cpus: number;
  readonly mms: number;
  readonly tasks: readonly string[];
}

/** What became of a saved schedule in this build. */
export interface SavedComparison {
  readonly version?: string;
  /** Every step is told as it was when the file was written. */
  readonly same: boolean;
  /** Functions that read differently, are new, or are gone. */
  readonly changed: readonly string[];
}

/** 64 bits of FNV-1a over a text's UTF-16 units, 16 hexadecimal digits. */
export function hashText(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

/** The words of a step that do not depend on how the core lays out its memory. */
export function traceOf(story: Story): string {
  const steps = story.steps.filter(({ step }) => step !== undefined);
  return hashText(steps.map(({ cpu, who, fn, text, notes }) => [cpu, who, fn, text, ...notes].join("|")).join("\n"));
}

/** Hashes of the kernel functions that the case's calls are compiled from, lines in order. */
export function listingsOf(what: StageOptions): Record<string, string> {
  const lines = new Map<string, string[]>();
  for (const { fn, text } of stage(what).program) lines.set(fn, [...(lines.get(fn) ?? []), text]);
  return Object.fromEntries(
    [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([fn, all]) => [fn, hashText(all.join("\n"))]),
  );
}

/** A replayed story as a file. */
export function saveSchedule(story: Story, what: StageOptions, version: string): ScheduleFile {
  const { geometry, cpus, mms } = what.scenario;
  return {
    schema: "shootdown/schedule@1",
    version,
    token: story.token,
    configuration: {
      geometry,
      cpus: cpus.length,
      mms: mms.length,
      tasks: what.which.tasks.map(({ name, calls }) => `${name}: ${calls.map(callName).join(", ")}`),
    },
    listings: listingsOf(what),
    expected: story.violations.map(({ kind, step }) => ({ kind, step })),
    trace: traceOf(story),
  };
}

const callName = ({ call }: { readonly call: string | { readonly name: string } }): string =>
  typeof call === "string" ? call : call.name;

/** The part of a file that another build compares. */
export type Traces = Pick<ScheduleFile, "version" | "listings" | "trace">;

/** Compares a file with what this build makes of it; undefined when the file says nothing to compare. */
export function compareSaved(file: Traces, story: Story, what: StageOptions): SavedComparison | undefined {
  if (file.trace === undefined) return undefined;
  const changed = changedListings(file, what);
  const version = file.version === undefined ? {} : { version: file.version };
  return { ...version, same: file.trace === traceOf(story), changed };
}

function changedListings({ listings = {} }: Traces, what: StageOptions): string[] {
  const now = listingsOf(what);
  return [...new Set([...Object.keys(listings), ...Object.keys(now)])].filter((fn) => listings[fn] !== now[fn]).sort();
}

/** What a file that does not fit any more is to be told: what has changed since it was saved. */
export function remedyOf(file: Traces, what: StageOptions): string {
  const changed = changedListings(file, what);
  return changed.length === 0
    ? "no listing has changed since it was saved: the scenario or the machine has"
    : `since it was saved these functions have changed: ${changed.join(", ")}`;
}

/** The error of a schedule that does not fit any more. */
export function misfitOf(error: InputError, file: ScheduleFile, what: StageOptions): InputError {
  if (file.listings === undefined) return error;
  return new InputError(error.problem, { source: file.token, remedy: remedyOf(file, what) });
}
