/**
 * Fuzzing: steps and runs a second, how soon the seed's race is found, what the strategies find, what workers add.
 */

import { strategies } from "../src/fuzz/arena.js";
import { Campaign } from "../src/fuzz/campaign.js";
import { fuzz } from "../src/fuzz/fuzz.js";
import { fuzzScenarios } from "../src/fuzz/race.js";
import { cpuTime, type Figure, figure } from "./measure.js";

export interface FuzzSize {
  readonly rounds: number;
  /** Runs of a round, and those before it. */
  readonly runs: number;
  readonly seeds: number;
  /** Schedules of each strategy; seconds that one and two workers get. */
  readonly schedules: number;
  readonly seconds: number;
  /** Runs of a whole call, shared out among its workers. */
  readonly workerRuns: number;
}

const WARM_UP = 10_000;
const FOUND_MAX = 100_000;
const SLICE = 1000;

/** A campaign's runs, timed in slices, set-ups, mutation, corpus and findings included. */
function rates(guided: boolean, { rounds, runs }: FuzzSize): Figure[] {
  const what = guided ? "guided" : "random programs";
  const steps: number[] = [];
  const programs: number[] = [];
  let length = 0;
  for (let round = 0; round < rounds; round++) {
    const campaign = new Campaign({ edition: "7.1", backend: "x86", guided, seed: round + 1 });
    campaign.slice(Math.min(WARM_UP, runs));
    const before = { steps: campaign.steps, runs: campaign.runs };
    const from = cpuTime();
    campaign.slice(runs);
    const spent = (cpuTime() - from) / 1000;
    steps.push((campaign.steps - before.steps) / spent / 1e6);
    programs.push((campaign.runs - before.runs) / spent);
    length = (campaign.steps - before.steps) / (campaign.runs - before.runs);
  }
  const note = `${Math.round(length)} steps a run`;
  return [
    figure(`fuzzing 7.1 on x86, ${what}: steps`, "M/s", steps, { goal: { atLeast: 20 }, note }),
    figure(`fuzzing 7.1 on x86, ${what}: programs`, "/s", programs, { goal: { atLeast: 250_000 }, note }),
  ];
}

/** Runs until the use after free is found in 5.15, programs random too, from an empty corpus; the bound if not. */
export function runsToFind(seeds: number): number[] {
  return Array.from({ length: seeds }, (_, i) => {
    const campaign = new Campaign({ edition: "5.15", backend: "x86", seed: i + 1 });
    while (campaign.runs < FOUND_MAX) {
      campaign.slice(SLICE);
      const found = campaign
        .findings()
        .find(({ kind, born }) => kind === "STALE_TRANSLATION" && born.includes("pud_clear"));
      if (found !== undefined) return found.firstRun;
    }
    return FOUND_MAX;
  });
}

/** Share of schedules of the seed's own race that do harm, for each strategy. */
export async function strategyHits(schedules: number): Promise<Map<string, number>> {
  const hits = new Map<string, number>();
  for (const strategy of strategies) {
    const { races = [] } = await fuzzScenarios({
      scenarios: ["seed"],
      backend: "x86",
      strategy,
      runs: schedules,
      seed: 7,
      shrink: false,
    });
    const all = races.reduce((sum, race) => sum + race.runs, 0);
    hits.set(strategy, (100 * races.reduce((sum, race) => sum + race.harmRuns, 0)) / all);
  }
  return hits;
}

/** Two workers against one, by the wall clock: runs a second, and the time of a call with all that a user waits for. */
async function workers({ rounds, seconds, workerRuns }: FuzzSize): Promise<Figure[]> {
  const gains: number[] = [];
  const whole: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const seed = round + 1;
    const rate = async (jobs: number): Promise<number> =>
      (await fuzz({ edition: "7.1", seed, jobs, time: seconds, shrink: false })).runsPerSecond;
    const wall = async (jobs: number): Promise<number> => {
      const from = performance.now();
      await fuzz({ edition: "7.1", seed, jobs, runs: workerRuns });
      return performance.now() - from;
    };
    const [oneRate, oneWall] = [await rate(1), await wall(1)];
    gains.push((await rate(2)) / oneRate);
    whole.push(oneWall / (await wall(2)));
  }
  const note = `${workerRuns} runs, starting, findings shrunk and proven`;
  return [
    figure("two fuzzing workers against one, runs a second", "x", gains, { goal: { atLeast: 1.8 } }),
    figure("two fuzzing workers against one, a whole call", "x", whole, { goal: { atLeast: 1.8 }, note }),
  ];
}

export async function fuzzFigures(size: FuzzSize): Promise<Figure[]> {
  const found = runsToFind(size.seeds);
  const note = `${size.seeds} seeds, at most ${Math.max(...found)}`;
  return [
    ...rates(true, size),
    ...rates(false, size),
    figure("the seed's race in 5.15, programs random too", "schedules", found, { goal: { atMost: 20_000 }, note }),
    ...[...(await strategyHits(size.schedules))].map(([name, share]) =>
      figure(`schedules of the seed's race that do harm, ${name}`, "%", [share]),
    ),
    ...(await workers(size)),
  ];
}

/** What the smoke run compares. */
export async function fuzzResults(): Promise<Map<string, string>> {
  const campaign = new Campaign({ edition: "7.1", backend: "x86", seed: 1 });
  campaign.slice(2000);
  const hits = [...(await strategyHits(100))].map(([name, share]) => `${name} ${share}`);
  return new Map([
    ["fuzz 7.1 x86", `steps ${campaign.steps} programs ${campaign.programs} corpus ${campaign.corpusHash()}`],
    ["fuzz seed", hits.join(" ")],
  ]);
}
