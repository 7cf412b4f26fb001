import { describe, expect, it } from "vitest";
import type { TlbResult } from "../../src/replay/tlb.js";
import { formatSweep, formatTlb, type TlbLook } from "../../src/report/tlb.js";

const look: TlbLook = { paint: (_, text) => text, width: 110 };

const row: TlbResult["results"][number] = {
  pages: "4k",
  tlb: "skylake",
  accesses: 5_000_000,
  references: 5_000_123,
  levels: [
    { name: "l1", hits: 4_922_323, misses: 77_800 },
    { name: "l2", hits: 73_224, misses: 4576 },
  ],
  walks: 4576,
  walksBySize: { "4k": 4576, "2m": 0, "1g": 0 },
  walkReferences: 4674,
  walkReferencesUncached: 18_304,
  flushes: 0,
  invalidations: 0,
  tables: 44,
  seconds: 0.025,
};

describe("the report of tlb", () => {
  it("is a table", () => {
    expect(
      formatTlb(
        { source: "app.lackey", records: 17_295_557, results: [row], clipped: 0, sweeps: [], curves: [] },
        look,
      ),
    ).toMatchInlineSnapshot(`
      "app.lackey: 17,295,557 records

      TLB      pages   accesses  references  L1 misses    rate  L2 misses      rate  walk references  M/s
      ---------------------------------------------------------------------------------------------------
      skylake  4k     5,000,000   5,000,123     77,800  1.56 %      4,576  0.0915 %            4,674  200
      "
    `);
  });

  it("shows events, CPUs and the cut when there are some", () => {
    const cpus = [
      { cpu: 0, references: 4_000_000, misses: 4000 },
      { cpu: 1, references: 1_000_123, misses: 576 },
    ];
    const results = [{ ...row, flushes: 12, invalidations: 3456, cpus }];
    const cut = { byte: 300_000, what: "the gzip data ends early" };
    expect(
      formatTlb({ source: "app.sdt", records: 9, results, clipped: 0, sweeps: [], curves: [], cut }, look),
    ).toMatchInlineSnapshot(`
      "app.sdt: 9 records

      TLB      pages  references  L1 misses    rate  L2 misses      rate  walk references  flushes  invalidations
      -----------------------------------------------------------------------------------------------------------
      skylake  4k      5,000,123     77,800  1.56 %      4,576  0.0915 %            4,674       12          3,456

      skylake, 4k: by CPU
      CPU  references  last-level misses      rate
      --------------------------------------------
      0     4,000,000              4,000    0.10 %
      1     1,000,123                576  0.0576 %

      The trace is cut at byte 300,000 (the gzip data ends early): the numbers hold for what comes before.
      "
    `);
  });

  it("draws the sweep as a table and a curve", () => {
    const misses = Array.from({ length: 12 }, (_, bits) =>
      Array.from({ length: 16 }, (_, ways) => Math.max(40, Math.round(2_000_000 / (2 ** bits * (ways + 1)) ** 1.2))),
    );
    expect(formatSweep({ pages: "4k", references: 5_000_000, misses, seconds: 1 }, look)).toMatchInlineSnapshot(`
      "Every LRU TLB for 4k pages: misses of 5,000,000 references
       sets      1 way   2 ways   3 ways   4 ways   6 ways   8 ways  12 ways  16 ways
      -------------------------------------------------------------------------------
          1  2,000,000  870,551  535,161  378,929  232,942  164,938  101,394   71,794
          2    870,551  378,929  232,942  164,938  101,394   71,794   44,134   31,250
          4    378,929  164,938  101,394   71,794   44,134   31,250   19,211   13,602
          8    164,938   71,794   44,134   31,250   19,211   13,602    8,362    5,921
         16     71,794   31,250   19,211   13,602    8,362    5,921    3,640    2,577
         32     31,250   13,602    8,362    5,921    3,640    2,577    1,584    1,122
         64     13,602    5,921    3,640    2,577    1,584    1,122      690      488
        128      5,921    2,577    1,584    1,122      690      488      300      213
        256      2,577    1,122      690      488      300      213      131       93
        512      1,122      488      300      213      131       93       57       40
      1,024        488      213      131       93       57       40       40       40
      2,048        213       93       57       40       40       40       40       40
      misses
            2M |    1
               |          1
               |                1
          165k |                      1
               |                            1
               |                                  1
         13.6k |                                        1
               |                                              1
               |                                                    1
         1.12k |                                                          1
               |                                                                1
               |                                                                      1
          91.9 |                                                                            2
            40 |                                                                                  4     8     x
               +------------------------------------------------------------------------------------------------
                    1     2     4     8    16    32    64   128   256   512    1k    2k    4k    8k   16k   32k  entries
                ways: 1, 2, 4, 8, x = 16
      All ways from 1 to 16 are in --json."
    `);
  });

  it("draws a sweep without a slope", () => {
    const misses = Array.from({ length: 12 }, () => new Array<number>(16).fill(0));
    const text = formatSweep({ pages: "1g", references: 0, misses, seconds: 1 }, look);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });
});
