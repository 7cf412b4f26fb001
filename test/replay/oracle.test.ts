/**
 * The engine against the obvious simulator: a million random operations for each policy, geometries drawn at random.
 */
import { describe, expect, it } from "vitest";
import { Engine, type PageRange } from "../../src/replay/engine.js";
import type { PolicyName, TlbGeometry } from "../../src/replay/geometry.js";
import { Oracle, type OracleShape } from "./oracle.js";

const OPERATIONS = 1_000_000;
const ROUNDS = 40;
const GIB_PAGES = 512 * 512;

/** Deterministic draws: mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Draw = (below: number) => number;

function drawShape(draw: Draw, policy: PolicyName, isMixed: boolean, splits: boolean): OracleShape {
  const sets = (): number => 2 ** draw(5);
  const ways = (): number => [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 16, 17, 24][draw(14)] as number;
  const level = (canLack: boolean): [number, number][] => {
    const shapes: [number, number][] = [[sets(), ways()]];
    for (let size = 1; size < 3; size++) {
      const kind = draw(4);
      shapes.push(kind === 0 || !isMixed ? [0, 0] : kind === 1 && canLack ? [1, 0] : [sets(), ways()]);
    }
    return shapes;
  };
  // Often the usual caches, which have loops of their own; else any, also none.
  const usual: [number, number][] = [
    [8, 4],
    [1, 4],
    [1, 2],
    [1, 1],
  ]; // prettier-ignore
  const pscs = usual.map(([s, w]): [number, number] => {
    const kind = draw(8);
    return kind < 5 ? [s, w] : kind === 5 ? [1, 0] : [2 ** draw(3), 1 + draw(6)];
  });
  const levels = 4 + draw(2);
  return { l1: level(false), ...(splits ? { l1i: level(false) } : {}), l2: level(true), policy, levels, pscs };
}

function geometryOf(shape: OracleShape): TlbGeometry {
  const structures: Record<string, { entries: number; ways: number }> = {};
  const name = (prefix: string, level: readonly (readonly [number, number])[]): void => {
    level.forEach(([sets, ways], size) => {
      const key = prefix + ["", "-2m", "-1g"][size];
      // Sets without ways are a structure that is not there; no sets, one that shares.
      if (sets > 0) structures[key] = { entries: sets * ways, ways };
    });
  };
  name("l1", shape.l1);
  if (shape.l1i) name("l1i", shape.l1i);
  name("l2", shape.l2);
  ["pde", "pdpte", "pml4e", "pml5e"].forEach((key, i) => {
    const [sets, ways] = shape.pscs[i] as readonly [number, number];
    structures[key] = { entries: sets * ways, ways };
  });
  return { name: "drawn", policy: shape.policy, structures };
}

interface Script {
  readonly records: bigint[];
  readonly play: (oracle: Oracle) => void;
}

const record = (type: number, address: number, size = 0): bigint =>
  BigInt(address) | (BigInt(size) << 48n) | (BigInt(type) << 56n);

/** Pages near each other in a few places, so that sets collide, sizes mix and regions change. */
function drawScript(draw: Draw, count: number, hasFetches: boolean, eventsOf1000: number): Script {
  const bases = [1, 4 * GIB_PAGES - 3, 9 * GIB_PAGES + 512, 700 * GIB_PAGES, 65000 * GIB_PAGES];
  const span = [6, 40, 300, 5000][draw(4)] as number;
  const records: bigint[] = [];
  const steps: ((oracle: Oracle) => void)[] = [];
  const address = (): number => ((bases[draw(bases.length)] as number) + draw(span) * (draw(3) === 0 ? 37 : 1)) * 4096;
  for (let i = 0; i < count; i++) {
    const kind = draw(1000) < eventsOf1000 ? draw(6) : 6;
    const at = address();
    if (kind === 0) {
      records.push(record(16, 0));
      steps.push((oracle) => oracle.flush());
    } else if (kind === 1) {
      const gone = draw(3);
      records.push(record(17, gone));
      steps.push((oracle) => oracle.invalidate(gone, 0, Number.MAX_SAFE_INTEGER));
    } else if (kind === 2) {
      records.push(record(18, at));
      steps.push((oracle) => oracle.invalidate(oracle.asid, at / 4096, at / 4096));
    } else if (kind === 3) {
      const pages = draw(3) === 0 ? 600 : 1 + draw(20);
      records.push(record(19, at), record(19, at + pages * 4096));
      steps.push((oracle) => oracle.invalidate(oracle.asid, at / 4096, at / 4096 + pages - 1));
    } else if (kind === 4) {
      const next = draw(3);
      records.push(record(21, next));
      steps.push((oracle) => {
        oracle.asid = next;
      });
    } else if (kind === 5) {
      const next = [0, 0, 1, 5][draw(4)] as number;
      records.push(record(20, next));
      steps.push((oracle) => oracle.switchCpu(next));
    } else {
      const type = hasFetches ? draw(4) : 1 + draw(3);
      const offset = draw(50) === 0 ? 4090 : draw(4000);
      const size = 1 + draw(16);
      // A few repeats of the same page, which the filter must see through.
      for (let times = draw(3); times >= 0; times--) {
        records.push(record(type, at + offset, size));
        steps.push((oracle) => oracle.access(at + offset, size, type === 0));
      }
    }
  }
  const play = (oracle: Oracle): void => {
    for (const step of steps) step(oracle);
  };
  return { records, play };
}

function compare(policy: PolicyName, seed: number, operations: number): number {
  const draw = random(seed);
  const isMixed = draw(2) === 0;
  const hasFetches = draw(3) === 0;
  const splits = hasFetches && draw(2) === 0;
  const shape = drawShape(draw, policy, isMixed, splits);
  const script = drawScript(draw, Math.floor(operations / 2), hasFetches, [0, 5, 100][draw(3)] as number);
  const uniform = draw(3);
  const ranges: PageRange[] = [
    { start: 0x200000n, end: 0x400000n, size: "2m" },
    { start: BigInt(9 * GIB_PAGES) << 12n, end: BigInt(10 * GIB_PAGES) << 12n, size: "2m" },
    { start: BigInt(700 * GIB_PAGES) << 12n, end: BigInt(702 * GIB_PAGES) << 12n, size: "1g" },
  ];
  const isIn = (page: number, range: PageRange): boolean =>
    page >= Number(range.start >> 12n) && page < Number(range.end >> 12n);
  const sizeOf = (page: number): number => {
    if (!isMixed) return uniform;
    const range = ranges.find((candidate) => isIn(page, candidate));
    return range === undefined ? 0 : range.size === "2m" ? 1 : 2;
  };
  const oracle = new Oracle(shape, sizeOf);
  script.play(oracle);
  const engine = new Engine({
    geometry: geometryOf(shape),
    pages: isMixed ? "4k" : (["4k", "2m", "1g"] as const)[uniform]!,
    fetch: hasFetches,
    levels: shape.levels as 4 | 5,
    ...(isMixed ? { ranges } : {}),
  });
  const records = BigUint64Array.from(script.records);
  // In pieces of odd length; never between the halves of a range.
  for (let at = 0; at < records.length; ) {
    let end = Math.min(records.length, at + 1 + draw(5000));
    while (end < records.length && (records[end - 1] as bigint) >> 56n === 19n) end++;
    engine.feed(records.subarray(at, end));
    at = end;
  }
  engine.finish();
  const label = `${policy} seed ${seed}: ${JSON.stringify(shape)}`;
  for (const [cpu, { references, l1Misses, fetchMisses, l2Misses, loads }] of oracle.cpus) {
    const found = engine.counts(cpu);
    const { walkReferences } = found;
    expect([label, cpu, found.references, found.l1Misses, found.fetchMisses, found.l2Misses, walkReferences]).toEqual([
      label,
      cpu,
      references,
      l1Misses,
      fetchMisses,
      l2Misses,
      loads,
    ]);
  }
  return records.length;
}

describe("the engine agrees with plain Maps", () => {
  for (const policy of ["lru", "fifo", "plru", "random"] as const) {
    it(`${policy}: a million operations on geometries drawn at random`, () => {
      let done = 0;
      for (let round = 0; done < OPERATIONS; round++) {
        done += compare(policy, 1000 * policy.length + round, OPERATIONS / ROUNDS);
      }
      expect(done).toBeGreaterThanOrEqual(OPERATIONS);
    });
  }
});
