import type { Scenario } from "./scenario.js";
import { at, mapFile, munmap, touch } from "./words.js";

export const fakeSharing: Scenario = {
  name: "fake-sharing",
  aliases: [],
  title: "a stray reference makes a table look shared",
  bug: "B8(i)",
  cve: ["CVE-2024-57883"],
  commits: ["59d9094df3d7"],
  kernels: "2.6.20 to 6.12; stable 6.1.142, 6.12.9",
  vulnerable: "6.13~59d9094df3d7",
  fixed: "6.13",
  editions: ["5.19", "6.16"],
  known: "both counts read in source [S: a4a1, 7.0rc6]; that walkers of page frames take such references: memory [M].",
  story:
    "Whether a PMD table is shared was told by the references of its page. A walker of page frames (memory failure, " +
    "compaction) takes a reference on whatever it meets. While it holds one on A's own table, A unmaps: the table " +
    "looks shared, so it is left instead of emptied. The last reference is the walker's, and the table goes with " +
    "live entries: the pages that it maps are never let go.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A", null],
  files: [2],
  setup: [{ cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0), touch(1, 1)] }],
  cases: [
    {
      name: "munmap",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [munmap(1, 1)] },
        { name: "K1", cpu: 2, mm: "A", calls: [{ call: "scan", args: { start: at(1), mm: 0 } }] },
      ],
    },
  ],
  always: ["UNBALANCED"],
  sometimes: ["TABLE_FREED", "REMOTE_HOLDER"],
};
