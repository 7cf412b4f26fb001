/**
 * Random search, shrinking and paths, and what the oracle is worth against purely concrete hardware.
 */
import { describe, expect, it } from "vitest";
import { Run } from "../../assembly/abi/layout.js";
import { check, verdictOf } from "../../src/explore/check.js";
import { chooseBackend, chooseEdition, chooseScenario } from "../../src/explore/choose.js";
import { choicesOf, follow, pathOf, switchesOf } from "../../src/explore/path.js";
import { type SampleOptions, sample } from "../../src/explore/random.js";
import { shrink } from "../../src/explore/shrink.js";
import { stage } from "../../src/explore/stage.js";
import { kindNumber } from "../../src/names.js";
import type { Scenario } from "../../src/scenarios/scenario.js";
import { decodeSchedule, encodeSchedule, parseToken } from "../../src/schedule.js";

const seed = chooseScenario("seed");
const in515 = (backend = "x86"): Omit<SampleOptions, "runs" | "seed"> => ({
  scenario: seed,
  which: seed.cases[0] as Scenario["cases"][number],
  edition: chooseEdition("5.15"),
  backend: chooseBackend(backend),
});

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] as number;

describe("random schedules", () => {
  it.each([0, 2, 3])("find the race in 5.15 within 20 schedules (median of 100 seeds, depth %i)", (depth) => {
    const runs = Array.from({ length: 100 }, (_, i) => sample({ ...in515(), runs: 2000, seed: 1e6 * i, depth }));
    expect(runs.every((r) => r.found !== undefined)).toBe(true);
    expect(median(runs.map((r) => r.found?.run ?? Infinity))).toBeLessThanOrEqual(20);
  });

  it("find nothing in 5.16 on x86 in fifty thousand schedules: the canary's other half", () => {
    const result = sample({ ...in515(), edition: chooseEdition("5.16"), runs: 50_000, seed: 7, depth: 3 });
    expect(result.found).toBeUndefined();
    expect(result.runs).toBe(50_000);
    expect(result.sometimes).toEqual(expect.arrayContaining(["UNSHARED", "REMOTE_HOLDER", "PAGE_FREED"]));
    expect(result.kinds).toEqual(["RANGE_NOT_RECORDED"]);
  });

  it("are the same for the same seed, and differ for another", () => {
    const a = sample({ ...in515(), runs: 500, seed: 1, stop: [] });
    const b = sample({ ...in515(), runs: 500, seed: 1, stop: [] });
    const c = sample({ ...in515(), runs: 500, seed: 501, stop: [] });
    expect(a).toEqual(b);
    expect(a.steps).not.toBe(c.steps);
  });
});

describe("purely concrete hardware", () => {
  // Another thread of A reads what was unmapped; fills and evictions are agents like any other.
  const reads = Array.from({ length: 3 }, () => ({ call: "load", args: { start: 4 } }));
  const which = {
    name: "concrete",
    tasks: [...(seed.cases[0]?.tasks ?? []), { name: "A2", cpu: 1, mm: "A", calls: reads }],
  };
  const concrete = { ...in515(), which, concrete: true, hardware: true, seed: 1, stop: ["STALE_ACCESS"] as const };

  it("can be lucky, but needs a hundred times the oracle's schedules and more", () => {
    const lucky = sample({ ...concrete, runs: 3000 });
    const withOracle = sample({ ...in515(), runs: 3000, seed: 1, stop: ["STALE_TRANSLATION"] });
    expect(withOracle.found?.run).toBeLessThanOrEqual(20);
    expect(lucky.found?.run ?? 3001).toBeGreaterThan(100 * (withOracle.found?.run ?? 0));
  });

  it("never uses a stale entry that the oracle has not foretold", () => {
    for (const backend of ["x86", "precise", "arm64-range"]) {
      const result = sample({ ...concrete, backend: chooseBackend(backend), runs: 1500, stop: [] });
      if (!result.kinds.includes("STALE_ACCESS")) continue;
      expect(result.kinds.some((kind) => kind === "STALE_TRANSLATION" || kind === "STALE_WALK")).toBe(true);
    }
  });

  it("uses no stale entry at all where the fix is in", () => {
    const fixed = { ...concrete, edition: chooseEdition("3.5"), runs: 1500, stop: [] };
    expect(sample(fixed).kinds).not.toContain("STALE_ACCESS");
  });
});

describe("shrinking", () => {
  const kind = kindNumber("STALE_TRANSLATION");

  it("brings a hundred random runs of one bug to at most three stories, each a shortest path", async () => {
    const { results } = await check({ scenarios: ["seed"], editions: ["5.15"], backends: ["x86"], witness: false });
    const shortest = results[0]?.violations.find((v) => v.kind === "STALE_TRANSLATION" && v.case === "truncate")?.steps;
    const stories = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const { found } = sample({ ...in515(), runs: 5000, seed: 9e5 * i, depth: 3, stop: ["STALE_TRANSLATION"] });
      expect(found?.steps).toBe(shortest);
      stories.add(found?.schedule ?? "none");
    }
    expect(stories.size).toBeLessThanOrEqual(3);
  });

  it("ends at a local minimum: no single step can be left out", () => {
    const machine = stage(in515());
    machine.setRun(Run.STEPS_MAX, 10_000);
    const all = pathOf(machine, new Array(200).fill(0)).path;
    const rest = pathOf(machine, [...new Array(20).fill(0), ...new Array(60).fill(1)]).path;
    const path = shrink(machine, [...all, ...rest, ...new Array(60).fill(1)], kind);
    expect(follow(machine, path, kind)).toEqual({ path, found: true });
    for (let i = 0; i < path.length; i++) {
      const shorter = follow(machine, [...path.slice(0, i), ...path.slice(i + 1)], kind);
      expect(shorter.found && shorter.path.length < path.length).toBe(false);
    }
    expect(switchesOf(path)).toBeLessThanOrEqual(2);
  });
});

describe("schedules", () => {
  it("hold one byte a choice, and forced moves take none", () => {
    const machine = stage(in515());
    const { path } = pathOf(machine, [1, 0, 0, 1]);
    const choices = choicesOf(machine, path);
    expect(choices.length).toBeLessThanOrEqual(path.length);
    expect(pathOf(machine, choices).path.slice(0, path.length)).toEqual(path);
  });

  it("survive being written as text and read again", () => {
    const bytes = [0, 1, 2, 3, 9, 10, 35];
    expect(decodeSchedule(encodeSchedule(bytes))).toEqual(bytes);
    expect(() => decodeSchedule("01-2")).toThrow('schedule:byte 2: "-" is no agent');
  });

  it("are named by tokens", () => {
    expect(parseToken("seed/truncate@5.15/x86:0101.28")).toEqual({
      scenario: "seed",
      case: "truncate",
      edition: "5.15",
      backend: "x86",
      schedule: "0101",
      steps: 28,
    });
    expect(() => parseToken("seed 5.15")).toThrow("this is no replay token");
  });
});

describe("verdicts", () => {
  it("put harm before a bound, a bound before a mask", () => {
    const harm = { severity: "harm" } as const;
    const protocol = { severity: "protocol" } as const;
    expect(verdictOf([protocol, harm], false)).toBe("violated");
    expect(verdictOf([protocol], false)).toBe("bounded");
    expect(verdictOf([protocol], true)).toBe("masked");
    expect(verdictOf([], true)).toBe("holds");
  });

  it("say bounded, never holds, when the bound on states was reached", async () => {
    const { results } = await check({ scenarios: ["seed"], editions: ["3.5"], backends: ["x86"], bound: 100 });
    expect(results[0]).toMatchObject({ verdict: "bounded", complete: false });
    expect(results[0]?.states).toBeLessThan(649);
  });

  it("end when the caller aborts", async () => {
    const controller = new AbortController();
    const running = check({ signal: controller.signal, onProgress: () => controller.abort() });
    await expect(running).rejects.toThrow(/abort/i);
  });
});
