/**
 * `fuzz`: random programs on random schedules, under the oracle, until time or runs end.
 *
 * One worker with one seed gives the same runs, corpus and findings on every machine, when it ends by runs and not by
 * the clock. What runs is in the core; here are slices, clocks, and what was found.
 */
import type { Severity, ViolationKind } from "../names.js";
import type { StrategyName } from "./arena.js";
import { Campaign, SLICE } from "./campaign.js";
import type { CaseFile } from "./case.js";
import { fuzzInJobs } from "./jobs.js";
import type { FuzzRace } from "./race.js";
import type { RaceFinding } from "./race-finding.js";
import { restoreCampaign, saveCampaign } from "./saved.js";
import { type Large, smallestOf } from "./smallest.js";

/** One thing that went wrong, however many runs showed it. */
export interface FuzzFinding {
  readonly kind: ViolationKind;
  readonly severity: Severity;
  /** Where what is owed was taken away, and where the violation was seen: kernel function and line. */
  readonly born: string;
  readonly where: string;
  /** Number of the first run that showed it, from 1; and how many did. */
  readonly firstRun: number;
  readonly runs: number;
  /** The bytes of the first run: program and schedule. */
  readonly input: string;
  /** The finding at its smallest; absent when it was not shrunk. */
  readonly case?: CaseFile;
  /** In a scenario: where, and the smallest schedule. */
  readonly race?: RaceFinding;
}

export interface FuzzOptions {
  /** The newest release by default; one edition a campaign. */
  readonly edition?: string;
  /** x86 by default. */
  readonly backend?: string;
  /** Seconds; 60 by default when `runs` is not given. */
  readonly time?: number;
  readonly runs?: number;
  readonly seed?: number;
  /** portfolio by default. */
  readonly strategy?: StrategyName;
  /** Depth of PCT, 3 by default. */
  readonly depth?: number;
  /** Keep what shows something new and change it (true by default); false draws every program anew. */
  readonly guided?: boolean;
  /**
   * Workers, 1 by default. Each has a campaign and a seed of its own; runs are shared out. Not with a saved campaign.
   */
  readonly jobs?: number;
  /** A saved campaign to go on with; its parameters must be the same. */
  readonly state?: Uint8Array;
  /** First take out of the corpus what shows nothing of its own. */
  readonly minimize?: boolean;
  /** Takes the campaign as bytes now and then, and at the end. */
  readonly onState?: (state: Uint8Array) => void;
  /** Make a case of each finding at the end (true by default). */
  readonly shrink?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FuzzProgress) => void;
}

export interface FuzzProgress {
  readonly runs: number;
  /** Runs a second. */
  readonly rate: number;
  readonly steps: number;
  readonly seconds: number;
  readonly coverage: number;
  readonly corpus: number;
  readonly findings: number;
}

export interface FuzzResult {
  readonly schema: "shootdown/fuzz@1";
  readonly edition: string;
  readonly backend: string;
  readonly strategy: StrategyName;
  readonly depth: number;
  readonly guided: boolean;
  readonly seed: number;
  /** Workers, when there are several. */
  readonly jobs?: number;
  readonly runs: number;
  readonly programs: number;
  /** Steps under the oracle, those of set-ups included. */
  readonly steps: number;
  readonly seconds: number;
  readonly runsPerSecond: number;
  /** Features: pairs of conflicting ops, and lives of obligations. */
  readonly coverage: number;
  readonly corpus: { readonly entries: number; readonly hash: string };
  /** Runs cut at the bound on steps; runs in which a region overflowed; programs whose set-up went wrong. */
  readonly bounded: number;
  readonly overflowed: number;
  readonly rejected: number;
  readonly findings: readonly FuzzFinding[];
  /** Of scenarios: each case on each back-end. */
  readonly races?: readonly FuzzRace[];
}

const DEFAULT_SECONDS = 60;
const SAVE_SECONDS = 2;

/** Fuzzes until the time or the runs end, or the signal says so: an interrupted campaign gives what it has. */
export async function fuzz(options: FuzzOptions = {}): Promise<FuzzResult> {
  if ((options.jobs ?? 1) > 1) return fuzzInJobs(options);
  const campaign = new Campaign(options);
  if (options.state !== undefined) restoreCampaign(campaign, options.state);
  if (options.minimize === true) campaign.minimize();
  const before = campaign.runs;
  const seconds = await drive(campaign, options);
  options.onState?.(saveCampaign(campaign));
  if (await shrinkAll(campaign, options, smallestOf)) options.onState?.(saveCampaign(campaign));
  return campaign.result(seconds, before);
}

/** Runs the campaign until its time or runs end, or the signal says so. Gives the seconds that it took. */
export async function drive(campaign: Campaign, options: FuzzOptions): Promise<number> {
  const until = campaign.runs + (options.runs ?? Number.POSITIVE_INFINITY);
  const seconds = options.time ?? (options.runs === undefined ? DEFAULT_SECONDS : Number.POSITIVE_INFINITY);
  const before = campaign.runs;
  const started = performance.now();
  const passed = (): number => (performance.now() - started) / 1000;
  let saved = 0;
  while (campaign.runs < until && passed() < seconds && options.signal?.aborted !== true) {
    campaign.slice(Math.min(SLICE, until - campaign.runs));
    options.onProgress?.(campaign.progress(passed(), before));
    if (options.onState !== undefined && passed() - saved > SAVE_SECONDS) {
      options.onState(saveCampaign(campaign));
      saved = passed();
    }
    await nextTurn();
  }
  return passed();
}

/**
 * Makes a case of each finding that has none, unless told not to: `make` is called for the next one whenever one of
 * `hands` is free. False when there was nothing to do.
 */
export async function shrinkAll(
  campaign: Campaign,
  options: FuzzOptions,
  make: (large: Large, hand: number) => Promise<CaseFile | undefined>,
  hands = 1,
): Promise<boolean> {
  const all = options.shrink === false ? [] : campaign.toShrink();
  const left = [...all];
  const work = async (_: unknown, hand: number): Promise<void> => {
    for (let next = left.shift(); next !== undefined && options.signal?.aborted !== true; next = left.shift()) {
      campaign.keepCase(next.i, await make(next.large, hand));
      await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: hands }, work));
  return all.length > 0;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
