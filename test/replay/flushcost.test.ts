/**
 * The cost of flushes in refills, and what shared PMD tables save.
 */
import { describe, expect, it } from "vitest";
import { flushCost, pmdSharing } from "../../src/replay/flushcost.js";

const load = (address: number): bigint => BigInt(address) | (8n << 48n) | (1n << 56n);
const asid = (number: number): bigint => BigInt(number) | (21n << 56n);
const GIB = 2 ** 30;

describe("flushCost", () => {
  // Twenty pages, all of them again and again: nothing misses twice without a flush.
  const rounds = BigUint64Array.from({ length: 2000 }, (_, i) => load((100 + (i % 20)) * 4096));
  const source = () => [rounds.subarray(0, 700), rounds.subarray(700)];
  const flushes = [
    { after: 399, start: 100n * 4096n, pages: 4 },
    { after: 699, start: 100n * 4096n, pages: 4 },
    { after: 1399, start: 90n * 4096n, pages: 50 },
  ];

  it("a full flush costs all pages, a ranged one only its own", async () => {
    const rows = await flushCost({ source, flushes });
    expect(rows.map((row) => [row.strategy, row.flushes, row.invalidations, row.l1Refills, row.l2Refills])).toEqual([
      ["full", 3, 0, 60, 60],
      ["ranged", 0, 3, 28, 28],
      ["pages, full above 33", 1, 8, 28, 28],
    ]);
  });

  it("a ceiling that is lower makes more full flushes", async () => {
    const rows = await flushCost({ source, flushes, strategies: [{ ceiling: 0 }, { ceiling: 100 }] });
    expect(rows.map((row) => [row.flushes, row.invalidations, row.l2Refills])).toEqual([
      [3, 0, 60],
      [0, 58, 28],
    ]);
  });
});

describe("pmdSharing", () => {
  it("keeps one table for a GiB that every address space maps whole, and one each for a part of a GiB", async () => {
    const touch = (gib: number): bigint[] => [0, 1, 8, 511].map((huge) => load(gib * GIB + huge * 2 ** 21));
    const records = BigUint64Array.from([1, 2, 3].flatMap((space) => [asid(space), ...touch(4), ...touch(6)]));
    const ranges = [
      { start: BigInt(4 * GIB), end: BigInt(5 * GIB), size: "2m" as const },
      { start: BigInt(6 * GIB), end: BigInt(7 * GIB - 2 ** 20), size: "2m" as const },
    ];
    // Of the last huge page of the second range the first MiB belongs to it.
    expect(await pmdSharing(() => [records], ranges)).toEqual({ spaces: 3, tables: [6, 4], lines: [18, 12] });
  });
});
