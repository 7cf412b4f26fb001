/**
 * The story of one race as data: every part is computed when it is asked for.
 */
import { existsSync } from "node:fs";
import { basename, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../error.js";
import { type CheckResultRow, check } from "../explore/check.js";
import { replay, type Story } from "../explore/replay.js";
import { releases } from "../kernel/editions.js";
import { type RepairResult, repair } from "../mutate/repair.js";
import { type RunProgress, type RunResult, run } from "../run/run.js";

/** States of the largest scenario of the story are a few thousand; a small visited set makes each check quick. */
const BOUND = 1 << 16;

const WHAT_IFS = ["5.16", "5.16-no-record", "5.16-no-force", "5.16-no-flush", "5.16-late-flush", "5.15-deferred-put"];
/** The scenarios nearest to the seed, which the story lists together. */
const RELATIVES = [
  "hole-punch",
  "mremap-late-flush",
  "mprotect-late-flush",
  "narrow-range",
  "exit-shortcut",
  "lazy-walk",
];

export interface StoryOptions {
  readonly signal: AbortSignal;
  /** Called before each check. */
  readonly onCheck?: (what: string) => void;
}

/** The recording that the package brings along: the build puts it into dist/data. */
const recording = fileURLToPath(new URL("../../data/postgres.strace.xz", import.meta.url));

/** How a command line names the recording from here. */
export function recordingFromHere(): string {
  const path = relative(process.cwd(), recording);
  return path.startsWith("..") ? recording : path;
}

/** The recorded program before and after the fix. */
export async function runRecording({ signal, onCheck }: StoryOptions): Promise<RunResult> {
  if (!existsSync(recording)) {
    throw new InputError("the recording is missing from this installation", {
      source: recording,
      remedy: "install the package again, or start with `shootdown check seed`",
    });
  }
  const onProgress = ({ lines }: RunProgress): void => onCheck?.(`${basename(recording)}, line ${lines}`);
  const result = await run({ log: recording, editions: ["5.15", "5.16"], backend: "x86", signal, onProgress });
  return { ...result, log: basename(recording) };
}

interface Asked {
  readonly scenarios: readonly string[];
  readonly editions: readonly string[];
  readonly backends: readonly string[];
}

async function rowsOf(asked: Asked, { signal, onCheck }: StoryOptions): Promise<readonly CheckResultRow[]> {
  const onProgress = (p: { scenario: string; edition: string; backend: string }): void =>
    onCheck?.(`${p.scenario} in ${p.edition} on ${p.backend}`);
  return (await check({ ...asked, bound: BOUND, signal, onProgress })).results;
}

/** The shortest schedule on which a page of the seed's race is freed while a CPU still translates to it; its repair. */
export async function counterexample(options: StoryOptions): Promise<Story & { readonly repair: RepairResult }> {
  const rows = await rowsOf({ scenarios: ["seed"], editions: ["5.15"], backends: ["x86"] }, options);
  const found = rows
    .flatMap((row) => row.violations)
    .find((violation) => violation.kind === "STALE_TRANSLATION" && violation.case === "truncate");
  if (found === undefined) throw new Error("the race of CVE-2021-4002 is not found in 5.15 any more");
  if (!found.confirmed) throw new Error("the race of CVE-2021-4002 is found in 5.15, but no witness confirms it");
  const story = replay(found.schedule);
  return { ...story, repair: await repair(story, { signal: options.signal }) };
}

/** The machines of the story: the others differ from these in what they drop besides, not in what they miss. */
const MACHINES = ["precise", "x86", "arm64", "arm64-range"];

/** One scenario in every release on the story's machines. */
export function history(scenario: string, options: StoryOptions): Promise<readonly CheckResultRow[]> {
  const asked = {
    scenarios: [scenario],
    editions: releases.map((edition) => edition.name),
    backends: MACHINES,
  };
  return rowsOf(asked, options);
}

/** The seed's patch, whole and with one line taken out or moved, and the repair that was rejected. */
export const whatIfRows = (options: StoryOptions): Promise<readonly CheckResultRow[]> =>
  rowsOf({ scenarios: ["seed"], editions: WHAT_IFS, backends: ["x86"] }, options);

/** The neighbours of the race, in every release on x86. */
export function relativeRows(options: StoryOptions): Promise<readonly CheckResultRow[]> {
  return rowsOf(
    { scenarios: RELATIVES, editions: releases.map((edition) => edition.name), backends: ["x86"] },
    options,
  );
}
