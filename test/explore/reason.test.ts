import { describe, expect, it } from "vitest";
import { replay } from "../../src/explore/replay.js";

/** What the kernel's own commit messages say of these bugs, found again from the path alone. */
const reasons: readonly (readonly [string, string, object])[] = [
  [
    "the seed: nothing flushes, and i_mmap_rwsem is dropped",
    "seed/truncate@5.15/x86:000000011111111111111111111111.37",
    {
      entry: "1G -> h1 of A",
      cpus: [0, 1],
      since: 0,
      cleared: { step: 7, who: "A1", fn: "huge_pmd_unshare", text: "pud_clear(pud)" },
      owed: { verdict: "none" },
      lock: { name: "i_mmap_rwsem", dropped: { step: 11 }, taken: { step: 17, who: "B1" } },
    },
  ],
  [
    "hugetlb mremap: the flush comes after i_mmap_rwsem is dropped",
    "mremap-late-flush/mremap@5.16+~13e4ad2ce8df/precise:00111111111111111111111111111.35",
    {
      owed: { verdict: "late", flush: { fn: "flush_tlb_range" } },
      lock: { name: "i_mmap_rwsem", dropped: { step: 8 }, taken: { step: 11 } },
    },
  ],
  [
    "CVE-2018-18281: the flush comes after the page-table lock is dropped",
    "mremap-flush/truncate@7.1~eb66ae030829/precise:0000000000001111111111111111111111111.37",
    { owed: { verdict: "late", flush: { who: "A1" } }, lock: { name: "ptl", taken: { who: "B1" } } },
  ],
  [
    "the flush of a move covers one huge page of the GiB",
    "narrow-range/mremap@5.19~3d0b95cd87b2/precise:00001111111111111111111111111111.38",
    { entry: "1G+2M -> h2 of A", owed: { verdict: "narrow", reach: "entries of [1G, 1G+2M)" } },
  ],
  [
    "only leaves are flushed where a table went",
    "walk-cache/munmap@7.1~c2ff4764e03e/precise:000000000000000000.28",
    { entry: "the pointer of A at 1G to table T3", owed: { verdict: "narrow", reach: "leaf entries of [1G, 2G)" } },
  ],
  [
    "a lazy CPU is passed by",
    "lazy-collapse/collapse@7.1~3ef938c35035/x86:.12",
    { cpus: [1], owed: { verdict: "elsewhere", reach: "CPU0" } },
  ],
  [
    "the CPU loads the mm during the race: it cannot hold anything of it before",
    "exec-switch/exec@7.1~d53c3dfb23c4/x86:00000000000000100300000000000000000100000000.44",
    { cpus: [1], since: 36, cleared: { step: 37 }, owed: { verdict: "elsewhere" } },
  ],
];

describe("the reason of a counterexample", () => {
  it.each(reasons)("%s", (_, token, expected) => {
    expect(replay(token).reason).toMatchObject(expected);
  });

  it("names no lock when a flush came and passed the entry by", () => {
    expect(replay(reasons[4]?.[1] ?? "").reason?.lock).toBeUndefined();
  });

  it("is silent about what is no entry that a CPU may hold", () => {
    const story = replay("mremap-delta/mremap@7.1/x86:.12");
    expect(story.violations.map(({ kind }) => kind)).toContain("MOVED_WRONG");
    expect(story.reason).toBeUndefined();
  });
});
