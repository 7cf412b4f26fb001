/**
 * The throughput benchmarks: each beside a native baseline of the same work, with the ratio that is asked of it.
 */
import { existsSync, writeFileSync } from "node:fs";
import { Tally } from "../../assembly/abi/records.js";
import type { TraceCalls } from "../../src/core/traces.js";
import { writeTrace } from "../../src/replay/convert.js";
import type { Engine } from "../../src/replay/engine.js";
import { openTrace } from "../../src/replay/read/open.js";
import { type TlbResult, tlbEach } from "../../src/replay/tlb.js";
import { prepareUnmap } from "../../src/replay/unmap.js";
import {
  engineFor,
  lackeyText,
  loaded,
  loadedKeys,
  pieces,
  REAL,
  realTrace,
  SYNTHETIC,
  synthetic,
  withInvalidations,
} from "./data.js";
import {
  build,
  childSeconds,
  collectGarbage,
  cpuNow,
  type Goal,
  median,
  output,
  type Suite,
  scratch,
  type Task,
} from "./harness.js";

/** How much of everything: whole traces, or enough to see that it runs and gives the same counts. */
export interface Scale {
  readonly accesses: number;
  readonly synthetic: number;
  readonly native: boolean;
}

const NATIVE_REPS = "3";
const WALKS = 1 << 22;
const UNMAPS = 9;

const results = (engine: Engine): number[] => {
  const { references, l1Misses, l2Misses, walkReferences } = engine.counts();
  return [references, l1Misses, l2Misses, walkReferences];
};

/** A native task that prints a rate in million accesses per CPU second under `field`. */
function nativeRate(name: string, units: number, program: string, field: RegExp, args: string[]): Task[] {
  const path = build(program);
  if (path === undefined) return [];
  return [
    {
      name,
      units,
      seconds: () => units / (Number(field.exec(output(path, ...args))?.[1]) * 1e6),
    },
  ];
}

/** Two levels with walk and paging-structure caches, against the straightforward and the hand-tuned C. */
async function hierarchy(name: string, scale: Scale): Promise<Suite> {
  const isReal = (REAL as readonly string[]).includes(name);
  const trace = isReal
    ? await realTrace(name, scale.accesses)
    : { records: synthetic(name, scale.synthetic), path: name };
  const { records, path } = trace;
  const [fromRecords, fromKeys] = [engineFor(), engineFor()];
  const tasks: Task[] = [
    { name: "keys", units: records.length, run: loadedKeys(fromKeys, records) },
    { name: "records", units: records.length, run: loaded(fromRecords, records) },
  ];
  const goals: Goal[] = [];
  if (scale.native) {
    // The synthetic traces of C have ten million records; a rate is a rate.
    const args = [path, "4k", "-r", NATIVE_REPS];
    tasks.push(...nativeRate("tlbref", records.length, "tlbref", /"Macc_s_med":([\d.]+)/, args));
    const fast = [path, "-r", NATIVE_REPS];
    tasks.push(...nativeRate("tlbfast", records.length, "tlbfast", /"B:u32key_Macc_s":([\d.]+)/, fast));
    goals.push({ name: `${name}: keys / tlbref`, ours: "keys", against: "tlbref", atLeast: 2.5 });
    goals.push({ name: `${name}: records / tlbref`, ours: "records", against: "tlbref", atLeast: 2.5 });
    if (isReal) goals.push({ name: `${name}: keys / tlbfast`, ours: "keys", against: "tlbfast", atLeast: 0.6 });
  }
  return { name: `hierarchy ${name}`, tasks, goals, result: () => results(fromRecords) };
}

/** Four CPUs that take turns every thousand accesses; one access in a hundred is invalidated. */
async function events(scale: Scale): Promise<Suite> {
  const { records } = await realTrace("python", scale.accesses);
  const [calm, busy, flushed] = [engineFor(), engineFor(), engineFor()];
  const plain = withInvalidations(records, 0, 4, 1000);
  const torn = withInvalidations(records, 100, 4, 1000);
  const flushes = torn.map((record) => (record >> 56n === 18n ? 16n << 56n : record));
  const tasks: Task[] = [
    { name: "no events", units: records.length, run: loaded(calm, plain) },
    { name: "1 % invalidated", units: records.length, run: loaded(busy, torn) },
    { name: "1 % full flushes", units: records.length, run: loaded(flushed, flushes) },
  ];
  const goals = [
    { name: "4 CPUs, 1 % invalidated / none", ours: "1 % invalidated", against: "no events", atLeast: 0.5 },
  ];
  return { name: "events", tasks, goals, result: () => [results(calm), results(busy), results(flushed)] };
}

/** 192 geometries in one pass. */
async function sweep(name: string, scale: Scale): Promise<Suite> {
  const { records, path } = await realTrace(name, scale.accesses);
  const [swept, curve, one] = [engineFor({ sweep: ["4k"] }), engineFor({ curve: ["4k"] }), engineFor()];
  const tasks: Task[] = [
    { name: "sweep", units: records.length, run: loadedKeys(swept, records) },
    { name: "curve", units: records.length, run: loadedKeys(curve, records) },
    { name: "one geometry", units: records.length, run: loadedKeys(one, records) },
  ];
  const goals: Goal[] = [
    { name: `${name}: sweep / one geometry`, ours: "sweep", against: "one geometry", atLeast: 1 / 8 },
  ];
  if (scale.native) {
    tasks.push(...nativeRate("allassoc", records.length, "allassoc", /= ([\d.]+) Mref\/s/, [path, "-r", NATIVE_REPS]));
    goals.push({ name: `${name}: sweep / allassoc`, ours: "sweep", against: "allassoc", atLeast: 0.9 });
  }
  return { name: `sweep ${name}`, tasks, goals, result: () => [swept.sweepMisses("4k"), curve.curveMisses("4k")] };
}

/** Walks alone: 1 GiB of base pages at random, or one page in each of 4096 tables over 64 GiB. */
function walks(kind: "dense" | "sparse", scale: Scale): Suite {
  const count = scale.native ? WALKS : WALKS >> 6;
  const cached = engineFor();
  const uncached = engineFor({
    geometry: {
      name: "no walk caches",
      policy: "lru",
      structures: {
        l1: { entries: 4, ways: 4 },
        l2: { entries: 4, ways: 4 },
        ...Object.fromEntries(["pde", "pdpte", "pml4e", "pml5e"].map((name) => [name, { entries: 0, ways: 0 }])),
      },
    },
  });
  const tasks: Task[] = [];
  for (const [name, engine] of [
    ["cached", cached],
    ["uncached", uncached],
  ] as const) {
    // Region numbers are given in order: one access to each 4 GiB.
    engine.feed(BigUint64Array.from({ length: 16 }, (_, i) => (1n << 56n) | (1n << 48n) | (BigInt(i) << 32n)));
    engine.finish();
    const keys = new Uint32Array(count);
    let x = 2463534242;
    for (let i = 0; i < count; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      const page = kind === "dense" ? x & 262143 : (x & 4095) * 4096 + (((x & 4095) * 7) & 511);
      keys[i] = page + (1 << 20);
    }
    const base = engine.core.call.allocate(4 * count) >>> 0;
    engine.core.bytes().set(new Uint8Array(keys.buffer), base);
    tasks.push({
      name,
      units: count,
      run: () => {
        for (let at = 0; at < count; at += 65536) engine.core.call.walkKeys(base + 4 * at, Math.min(65536, count - at));
      },
    });
  }
  const goals: Goal[] = [];
  const path = scale.native ? build("walk") : undefined;
  if (path !== undefined) {
    const field = (name: string) => (): number =>
      Number(new RegExp(`"${name}":([\\d.]+)`).exec(output(path, kind, "-r", NATIVE_REPS))?.[1]);
    tasks.push({ name: "C cached", units: WALKS, seconds: field("cached_s") });
    tasks.push({ name: "C uncached", units: WALKS, seconds: field("uncached_s") });
    for (const name of ["cached", "uncached"]) {
      goals.push({ name: `walk ${kind}, ${name} / C`, ours: name, against: `C ${name}`, atLeast: 0.9 });
    }
    // The engine's own algorithm in C, for comparison: no goal of the issue's.
    tasks.push({ name: "C apart", units: WALKS, seconds: field("apart_s") });
    goals.push({ name: `walk ${kind}, cached / C apart`, ours: "cached", against: "C apart", atLeast: 0.75 });
  }
  return { name: `walk ${kind}`, tasks, goals, result: () => cached.tables };
}

/** munmap of 1 GiB of base pages through the kernel's listings, against the bare loop in C. */
function unmap(scale: Scale): Suite {
  const pages = scale.native ? 262_144 : 4096;
  const { machine, unmap: munmap } = prepareUnmap({ kind: "dense", pages });
  machine.core.call.saveInitial();
  collectGarbage();
  // As in C: the memory has just been written, and the median of several runs counts.
  const once = (): number => {
    machine.core.call.reset();
    const start = cpuNow();
    munmap();
    return (cpuNow() - start) / 1000;
  };
  const seconds = (): number => median(Array.from({ length: UNMAPS }, once));
  const tasks: Task[] = [{ name: "munmap", units: pages, seconds }];
  const goals: Goal[] = [];
  const path = scale.native ? build("unmap") : undefined;
  if (path !== undefined) {
    // Packed counts, and the machine's own frame records: what the layout costs, and what the machine does.
    for (const [name, field] of [
      ["C", "s"],
      ["C, same records", "records_s"],
    ] as const) {
      const seconds = (): number =>
        Number(new RegExp(`"${field}":([\\d.]+)`).exec(output(path, "-r", String(UNMAPS)))?.[1]);
      tasks.push({ name, units: pages, seconds });
      goals.push({ name: `munmap / ${name}`, ours: "munmap", against: name, atLeast: 0.75 });
    }
  }
  return { name: "unmap", tasks, goals, result: () => machine.tally(Tally.PAGES_FREED) };
}

/** Lackey text to results, against text to records in C. */
async function text(scale: Scale): Promise<Suite> {
  const bytes = await lackeyText("python", scale.native ? 1 << 27 : 1 << 20);
  const lines = bytes.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
  let engine = engineFor();
  const run = async (): Promise<void> => {
    engine = engineFor();
    const calls = engine.core.call as unknown as TraceCalls;
    const source = await openTrace("python", { calls, bytes: pieces(bytes), format: "lackey" });
    for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
      engine.replay(batch.at, batch.count);
    }
    engine.finish();
    await source.close();
  };
  const tasks: Task[] = [{ name: "text to results", units: lines, run }];
  const goals: Goal[] = [];
  const path = scale.native ? build("lack2bin") : undefined;
  if (path !== undefined) {
    const file = `${scratch}python.lackey`;
    writeFileSync(file, bytes);
    tasks.push({ name: "lack2bin", units: lines, seconds: () => childSeconds(path, file) });
    goals.push({ name: "text to results / lack2bin", ours: "text to results", against: "lack2bin", atLeast: 1.5 });
  }
  return { name: "text", tasks, goals, result: () => results(engine) };
}

/**
 * Two traces on two workers and on one, by the wall clock. A long trace: the records of a real one, several times; and
 * twice the same, because two of different speed say how unlike they are and not what a second worker is worth.
 */
async function jobs(scale: Scale): Promise<Suite> {
  const times = scale.native ? 20 : 1;
  const sources: string[] = [];
  for (const name of ["first", "second"]) {
    const { records } = await realTrace("python", scale.accesses);
    const output = `${scratch}${name}-${scale.accesses}x${times}.sdt`;
    if (!existsSync(output)) {
      await writeTrace({ output, packing: "plain", records: Array.from({ length: times }, () => records) });
    }
    sources.push(output);
  }
  const units = 2 * times * scale.accesses;
  let rows: unknown;
  const run = (jobs: number) => async (): Promise<void> => {
    const found = await tlbEach(sources, { jobs, pages: ["4k", "2m"] });
    const misses = found.map((result) => (result as TlbResult).results.map(({ levels }) => levels));
    if (rows !== undefined && JSON.stringify(rows) !== JSON.stringify(misses)) throw new Error("other counts");
    rows = misses;
  };
  return {
    name: "jobs",
    wall: true,
    tasks: [
      { name: "one worker", units, run: run(1) },
      // Workers are started from the built package; a smoke run may not have one (test/cli/tlb-jobs.test.ts has).
      ...(scale.native ? [{ name: "two workers", units, run: run(2) }] : []),
    ],
    goals: [{ name: "two workers / one", ours: "two workers", against: "one worker", atLeast: 1.8 }],
    result: () => rows,
  };
}

/** Every suite, made when its turn comes: each holds tens of megabytes. */
export function suites(scale: Scale): (readonly [string, () => Promise<Suite>])[] {
  return [
    ...[...REAL, ...SYNTHETIC].map((name) => [`hierarchy ${name}`, () => hierarchy(name, scale)] as const),
    ["events", () => events(scale)],
    ...REAL.map((name) => [`sweep ${name}`, () => sweep(name, scale)] as const),
    ["text", () => text(scale)],
    ["jobs", () => jobs(scale)],
    ["unmap", async () => unmap(scale)],
    ["walk dense", async () => walks("dense", scale)],
    ["walk sparse", async () => walks("sparse", scale)],
  ];
}
