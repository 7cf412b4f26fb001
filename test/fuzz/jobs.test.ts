/** Several workers: shares of runs, findings put together, the same for the same seed. Through the built command. */
import { describe, expect, it } from "vitest";
import { Campaign } from "../../src/fuzz/campaign.js";
import type { FuzzResult } from "../../src/fuzz/fuzz.js";
import { shootdown } from "../cli/shootdown.js";

async function fuzzed(...args: string[]): Promise<FuzzResult> {
  const { stdout } = await shootdown(["fuzz", "--edition", "5.15", "--json", "--no-shrink", ...args]);
  return JSON.parse(stdout) as FuzzResult;
}

describe("fuzz --jobs", () => {
  it("shares out the runs, and gives the same for the same seed and jobs", async () => {
    const [first, again] = await Promise.all([1, 2].map(() => fuzzed("--jobs", "2", "--runs", "5001")));
    expect(first).toMatchObject({ jobs: 2, runs: 5001 });
    const stable = (result?: FuzzResult): object => ({ ...result, seconds: 0, runsPerSecond: 0 });
    expect(stable(again)).toEqual(stable(first));
  });

  it("refuses what one worker alone can do, in one line", async () => {
    for (const more of [["--corpus", "nowhere"], ["--minimize"], ["seed"]]) {
      const { code, stderr } = await shootdown(["fuzz", "--jobs", "2", "--runs", "10", ...more]);
      expect(code).toBe(2);
      expect(stderr).toContain("one worker");
    }
  });

  it("adds up what two campaigns have: counts, features, each finding once", () => {
    const [a, b, both] = [1, 2, 1].map((seed) => new Campaign({ edition: "5.15", seed }));
    if (a === undefined || b === undefined || both === undefined) throw new Error("three campaigns were made");
    a.slice(2000);
    b.slice(3000);
    both.takeIn(a.share());
    expect(both.findings()).toEqual(a.findings());
    both.takeIn(b.share());
    const [one, two, sum] = [a.result(1), b.result(1), both.result(1)];
    expect([sum.runs, sum.steps]).toEqual([5000, one.steps + two.steps]);
    expect(sum.coverage).toBeGreaterThanOrEqual(Math.max(one.coverage, two.coverage));
    expect(sum.coverage).toBeLessThanOrEqual(one.coverage + two.coverage);
    const key = (result: FuzzResult): string[] => result.findings.map((f) => `${f.kind} ${f.born} ${f.where}`);
    expect(new Set(key(sum))).toEqual(new Set([...key(one), ...key(two)]));
    expect(key(sum)).toHaveLength(new Set(key(sum)).size);
    const runs = (result: FuzzResult): number => result.findings.reduce((total, finding) => total + finding.runs, 0);
    expect(runs(sum)).toBe(runs(one) + runs(two));
  });
});
