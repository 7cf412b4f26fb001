/**
 * Several workers: one search that they share finds what one alone finds, in the same order, and several checks at once
 * give the rows of the same checks one after another. Workers are started from the built package.
 */
import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import type { StoreKind } from "../../src/explore/search.js";
import { sharesOf } from "../../src/explore/split-shared.js";
import type { Values } from "../../src/scenarios/scenario.js";

const dist = <T>(path: string): Promise<T> => import(new URL(`../../dist/src/${path}.js`, import.meta.url).href);
const { openSearchCore } = await dist<typeof import("../../src/core/core.js")>("core/core");
const { ExhaustiveSearch } = await dist<typeof import("../../src/explore/search.js")>("explore/search");
const { searchInWorkers } = await dist<typeof import("../../src/explore/split.js")>("explore/split");
const { stage } = await dist<typeof import("../../src/explore/stage.js")>("explore/stage");
const { chooseBackend, chooseEdition, chooseScenario, withValues } =
  await dist<typeof import("../../src/explore/choose.js")>("explore/choose");
const { check } = await dist<typeof import("../../src/explore/check.js")>("explore/check");

const core = openSearchCore();
const reducing = openSearchCore(true);
type Hardware = "oracle" | "enumerated" | "saturated";

interface Race {
  readonly name: string;
  readonly set?: Values;
  readonly edition: string;
  readonly hardware: Hardware;
  readonly store?: StoreKind;
  readonly reduce?: "sym";
}

const coreOf = ({ reduce }: Race) => (reduce === undefined ? core : reducing);

function staged(race: Race) {
  const { name, set = {}, edition, hardware } = race;
  const scenario = withValues(chooseScenario(name), set);
  const which = scenario.cases[0] as (typeof scenario.cases)[number];
  const what = { scenario, which, edition: chooseEdition(edition), backend: chooseBackend("x86"), core: coreOf(race) };
  return stage({ ...what, ...(hardware === "oracle" ? {} : { unlimited: true }) });
}

type Searched = Awaited<ReturnType<typeof searchInWorkers>> | InstanceType<typeof ExhaustiveSearch>;

/** Everything that a search found, the ways to its violations included. */
function foundBy(search: Searched) {
  // What need not be looked up is a matter of one worker (src/explore/search.ts).
  const { bytesPerState: _, queueBytes: __, known: ___, ...figures } = search.figures();
  const violations = search.machine.violations().map(({ kind, step, agent, pc, state }) => {
    return { kind, step, agent, pc, path: search.pathTo(state - 1) };
  });
  return { figures, violations, complete: search.complete(), stoppedBy: search.stoppedBy() };
}

function alone(race: Race) {
  const { hardware, store = "exact", reduce } = race;
  const asked = { hardware, store, reduce, memoryMib: 256, statesMax: 1e9 };
  const search = new ExhaustiveSearch(coreOf(race), staged(race), asked);
  while (search.slice(4000) === Status.RUNNING);
  return foundBy(search);
}

async function shared(
  race: Race,
  workers: number,
  more: { statesMax?: number; memoryMib?: number; roundKeys?: number } = {},
) {
  const { hardware, store = "exact", reduce } = race;
  const asked = {
    hardware,
    reduce,
    store,
    memoryMib: 256,
    statesMax: 1e9,
    ...more,
    workers,
    stop: new AbortController().signal,
  };
  return foundBy(await searchInWorkers(coreOf(race), staged(race), { ...asked, report: () => {} }));
}

const yardstick = (variant: string, cpus = 4): Race => ({
  name: "yardstick",
  set: { cpus, mms: 2, pages: 2, variant },
  edition: "5.19",
  hardware: "enumerated",
});

const threads: Race = { name: "seed", set: { cpus: 6, mms: 2 }, edition: "5.15", hardware: "oracle" };

describe("one search on several workers", () => {
  it.each([
    ["the yardstick with 187,512 states", yardstick("late"), 2],
    ["the yardstick with 98,296 states", yardstick("missing"), 3],
    ["wide fingerprints", { ...yardstick("fixed"), store: "wide" } as const, 2],
    ["the seed, oracle", { name: "seed", edition: "5.15", hardware: "oracle" } as const, 2],
    ["the seed without its bug", { name: "seed", edition: "5.16", hardware: "oracle" } as const, 4],
    ["like CPUs taken for one", { ...threads, reduce: "sym" } as const, 2],
    ["a search in few states", yardstick("late", 2), 8],
  ] as const)("finds in %s the states, transitions and shortest ways that one finds", async (_, race, workers) => {
    const one = alone(race);
    expect(await shared(race, workers)).toEqual(one);
    expect(one.complete).toBe(true);
    expect(one.figures.states).toBeGreaterThan(100);
  });

  it("keeps the count, the set and the depth when a layer takes several rounds", async () => {
    const race = yardstick("late");
    const [one, two] = [alone(race), await shared(race, 2, { roundKeys: 8192 })];
    expect(two.figures).toEqual(one.figures);
    expect(two.violations.map(({ step }) => step)).toEqual(one.violations.map(({ step }) => step));
  });

  it("ends as bounded when states or memory run out, and says which", async () => {
    const race = yardstick("late");
    const few = await shared(race, 2, { statesMax: 10_000 });
    expect([few.complete, few.stoppedBy]).toEqual([false, "states"]);
    expect(few.figures.queue).toBeGreaterThan(0);
    expect(few.figures.states).toBeLessThan(60_000);
    await expect(shared(race, 2, { memoryMib: 2 })).rejects.toThrow("does not fit into memory");
  });
});

describe("check with jobs", () => {
  const withoutTime = ({ results }: Awaited<ReturnType<typeof check>>) =>
    results.map(({ seconds: _, bytesPerState: __, ...row }) => row);

  it("gives the rows of one job, in the same order", async () => {
    const asked = { scenarios: ["seed", "dirty-zap"], editions: ["5.15", "5.16"], backends: ["precise", "x86"] };
    const [one, two] = [await check(asked), await check({ ...asked, jobs: 2 })];
    expect(withoutTime(two)).toEqual(withoutTime(one));
    expect(one.results).toHaveLength(8);
  });

  it("shares one search, with the same proofs, and bounds it by time", async () => {
    const asked = { scenarios: ["seed"], editions: ["5.15"], backends: ["x86"] };
    const [one, two] = [await check(asked), await check({ ...asked, jobs: 2 })];
    expect(withoutTime(two)).toEqual(withoutTime(one));
    const large = { scenarios: ["yardstick"], set: { cpus: 6, mms: 2, pages: 3 }, hardware: "enumerated" as const };
    const { results } = await check({ ...large, time: 0.05, jobs: 2 });
    expect(results[0]).toMatchObject({ verdict: "bounded", stoppedBy: "time" });
  });

  it("refuses a number of workers that cannot be", async () => {
    await expect(check({ scenarios: ["seed"], jobs: 0 })).rejects.toThrow("0 workers cannot be");
  });
});

describe("shares", () => {
  it("are alike, cover the layer, and leave a layer that is nearly even alone", () => {
    expect(sharesOf([1000, 0])).toEqual([
      [0, 500],
      [500, 1000],
    ]);
    expect(sharesOf([500, 510])).toBeUndefined();
    expect(sharesOf([20, 2])).toBeUndefined();
  });
});
