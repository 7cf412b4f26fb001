/**
 * The sweep against single runs, number for number: flushes, invalidations, ASIDs and CPUs included.
 */
import { describe, expect, it } from "vitest";
import { Engine, type PageSize, SWEEP_SET_COUNTS, SWEEP_WAYS } from "../../src/replay/engine.js";
import { parseGeometry } from "../../src/replay/geometry.js";

const MIB_PAGES = 256;

/** Records with every kind of event; pages are drawn near each other, with repeats. */
function script(seed: number, count: number, eventsOf1000: number, spanPages: number): BigUint64Array {
  let state = seed;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const records: bigint[] = [];
  const put = (type: number, address: number, size = 0): void => {
    records.push(BigInt(address) | (BigInt(size) << 48n) | (BigInt(type) << 56n));
  };
  let hot = 0;
  for (let i = 0; i < count; i++) {
    const page = [3, 1 << 20, 77 << 18][draw(3)]! + draw(draw(2) === 0 ? 16 : spanPages);
    if (draw(3) === 0) hot = page;
    if (draw(1000) >= eventsOf1000) put(1 + draw(3), (draw(2) ? hot : page) * 4096 + draw(4096), 8);
    else {
      const kind = draw(6);
      if (kind === 0) put(16, 0);
      else if (kind === 1) put(17, draw(2));
      else if (kind <= 3) put(18, hot * 4096);
      else if (kind === 4) {
        put(19, hot * 4096);
        put(19, (hot + (draw(2) ? 5 : 4 * MIB_PAGES)) * 4096);
      } else put(draw(2) ? 20 : 21, draw(2));
    }
  }
  return BigUint64Array.from(records);
}

function missesAlone(records: BigUint64Array, size: PageSize, sets: number, ways: number): number {
  const geometry = parseGeometry(`l1:${sets * ways}x${ways},l2:64x4`);
  const engine = new Engine({ geometry, pages: size });
  engine.feed(records);
  engine.finish();
  return engine.counts().l1Misses;
}

describe("a sweep equals 192 single runs", () => {
  for (const [name, events, span] of [
    ["without events", 0, 9000],
    ["with events", 30, 3000],
    ["with an event at every third record, few pages", 300, 40],
  ] as const) {
    it(name, () => {
      const records = script(7 + events, 20_000, events, span);
      const engine = new Engine({ geometry: parseGeometry("l1:4x4,l2:4x4"), pages: "4k", sweep: ["4k", "2m", "1g"] });
      // Two pieces, so that queues and filters carry over.
      let half = records.length >> 1;
      while ((records[half - 1] as bigint) >> 56n === 19n) half++;
      engine.feed(records.subarray(0, half));
      engine.feed(records.subarray(half));
      engine.finish();
      for (const size of ["4k", "2m", "1g"] as const) {
        const cpus = Array.from({ length: engine.cpus }, (_, cpu) => engine.sweepMisses(size, cpu));
        for (let bits = 0; bits < SWEEP_SET_COUNTS; bits++) {
          const found = Array.from({ length: SWEEP_WAYS }, (_, ways) =>
            cpus.reduce((sum, table) => sum + (table[bits]?.[ways] as number), 0),
          );
          const alone = found.map((_, ways) => missesAlone(records, size, 2 ** bits, ways + 1));
          expect([size, 2 ** bits, found]).toEqual([size, 2 ** bits, alone]);
        }
      }
    });
  }
});

describe("a curve equals single runs", () => {
  // Many pages without events move the slots together and grow them; few pages with many events fill and empty holes.
  for (const [name, events, span, sizes] of [
    ["without events", 0, 9000, [1, 2, 16, 17, 100, 1000, 3000, 6000, 9000]],
    ["with events", 30, 3000, [1, 2, 3, 16, 40, 100, 1000, 3000]],
    ["with an event at every third record, few pages", 300, 40, [1, 2, 3, 4, 5, 8, 13, 21, 34, 55, 80]],
  ] as const) {
    it(name, () => {
      const records = script(7 + events, 20_000, events, span);
      const engine = new Engine({ geometry: parseGeometry("l1:4x4,l2:4x4"), pages: "4k", curve: ["4k", "2m", "1g"] });
      engine.feed(records);
      engine.finish();
      for (const size of ["4k", "2m", "1g"] as const) {
        const curves = Array.from({ length: engine.cpus }, (_, cpu) => engine.curveMisses(size, cpu));
        const found = sizes.map((entries) =>
          curves.reduce((sum, curve) => sum + (curve[entries - 1] ?? (curve.at(-1) as number)), 0),
        );
        const alone = sizes.map((entries) => missesAlone(records, size, 1, entries));
        expect([size, found]).toEqual([size, alone]);
      }
    });
  }
});

describe("a stripped trace", () => {
  /** Drops what repeats the last page of its slot. */
  const strip = (records: BigUint64Array, slots: number): BigUint64Array => {
    const last = new Map<number, bigint>();
    return records.filter((record) => {
      const page = (record & 0xffffffffffffn) >> 12n;
      const slot = Number(page % BigInt(slots));
      const isNew = last.get(slot) !== page;
      last.set(slot, page);
      return isNew;
    });
  };
  const misses = (records: BigUint64Array, policy: string): number => {
    const engine = new Engine({ geometry: parseGeometry(`l1:64x4,l2:64x4,policy:${policy}`), pages: "4k" });
    engine.feed(records);
    engine.finish();
    return engine.counts().l1Misses;
  };
  // Addresses without offset or size: no access straddles.
  const records = script(5, 200_000, 0, 300).map((record) => record & ~(0xffn << 48n) & ~0xfffn);

  it("gives the same counts with as many slots as sets, under every policy", () => {
    for (const policy of ["lru", "fifo", "plru", "random"]) {
      expect([policy, misses(strip(records, 16), policy)]).toEqual([policy, misses(records, policy)]);
    }
  });

  it("gives others with more slots than sets, where hits move something or the page may be gone", () => {
    for (const policy of ["lru", "fifo", "plru"]) {
      expect(misses(strip(records, 64), policy)).not.toBe(misses(records, policy));
    }
  });
});
