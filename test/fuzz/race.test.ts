/** Scenarios under random schedules: every modelled bug of the catalogue is found, and its fix is not blamed for it. */
import { describe, expect, it } from "vitest";
import { replay } from "../../src/explore/replay.js";
import { type FuzzScenariosOptions, fuzzScenarios } from "../../src/fuzz/race.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { scenarios } from "../../src/scenarios/index.js";

const bugs = scenarios.filter((scenario) => scenario.vulnerable !== undefined);
/** The common machines first: most bugs show there. */
const machines = [...new Set(["x86", "arm64", ...backends.map(({ name }) => name)])];
const RUNS = 20_000;

async function harmKinds(options: FuzzScenariosOptions): Promise<string[]> {
  const { findings } = await fuzzScenarios({ shrink: false, ...options });
  return findings.filter(({ severity }) => severity === "harm").map(({ kind }) => kind);
}

describe("fuzz SCENARIO", () => {
  for (const scenario of bugs) {
    it(`finds ${scenario.bug}, ${scenario.name}, in at most ${RUNS} runs of a race`, async () => {
      const found: string[] = [];
      for (const backend of machines) {
        if (found.length > 0) break;
        found.push(...(await harmKinds({ scenarios: [scenario], backend, runs: RUNS, untilHarm: true })));
      }
      expect(found).not.toEqual([]);
    });

    it(`blames the fixed edition of ${scenario.name} for nothing that is not explained`, async () => {
      const explained = new Set((scenario.alsoFinds ?? []).flatMap(({ kinds }) => kinds));
      const asked = { scenarios: [scenario], edition: scenario.fixed as string, runs: 1000 };
      expect((await harmKinds(asked)).filter((kind) => !explained.has(kind))).toEqual([]);
    });
  }

  it("tells each finding by a token that shows it, no longer than as it was drawn, with a witness", async () => {
    const { findings } = await fuzzScenarios({ scenarios: ["seed", "B12"], backend: "x86", runs: 2000 });
    expect(findings.length).toBeGreaterThan(5);
    for (const { kind, race } of findings) {
      expect(race?.confirmed).toBe(true);
      expect(race?.steps).toBeLessThanOrEqual(race?.stepsDrawn ?? 0);
      const story = replay(race?.schedule ?? "");
      expect(story.violations.map((violation) => violation.kind)).toContain(kind);
    }
  });

  it("gives the same for the same seed, and another campaign for another", async () => {
    const once = async (seed: number): Promise<object> => {
      const result = await fuzzScenarios({ scenarios: ["B12"], backend: "x86", runs: 3000, seed, shrink: false });
      return { ...result, seconds: 0, runsPerSecond: 0 };
    };
    const first = await once(1);
    expect(await once(1)).toEqual(first);
    expect(await once(2)).not.toEqual(first);
  });

  // The depth of B15(b) is 4: at 2 and 3 PCT promises nothing for it, and finds nothing.
  for (const [bug, depth] of [
    ["seed", 2],
    ["seed", 3],
    ["B12", 3],
    ["B15(b)", 4],
  ] as const) {
    it(`hits ${bug} with PCT of depth ${depth} at least as often as its bound says`, async () => {
      const asked = { scenarios: [bug], backend: "x86", strategy: "pct", runs: RUNS } as const;
      const { races = [] } = await fuzzScenarios({ ...asked, depth, shrink: false });
      expect(races.length).toBeGreaterThan(0);
      for (const { harmRuns, runs, pctBound, agents, longest } of races) {
        const bound = 1 / (agents * longest ** (depth - 1));
        expect(pctBound).toBeCloseTo(bound, 12);
        expect(harmRuns / runs).toBeGreaterThan(bound);
      }
    });
  }

  it("does not take a model that only concrete TLBs judge", async () => {
    await expect(fuzzScenarios({ scenarios: ["yardstick"] })).rejects.toThrow("judged by concrete TLBs");
  });
});
