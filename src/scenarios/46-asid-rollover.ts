import type { Scenario } from "./scenario.js";
import { anon, at } from "./words.js";

export const asidRollover: Scenario = {
  name: "asid-rollover",
  aliases: [],
  title: "the ASID changes between its reading and the invalidation",
  bug: "B26",
  commits: ["5e10f9887ed8"],
  kernels: "up to 5.14; stable 5.14.6",
  vulnerable: "7.1~5e10f9887ed8",
  fixed: "7.1",
  editions: ["7.1~5e10f9887ed8", "7.1"],
  known:
    "the comment that the fix left [S: 7.0rc6]; the allocator [M]. Catalin Marinas has a TLA+ model of it " +
    "(asidalloc).",
  story:
    "C1 takes a page from A, which nobody runs, and reads A's ASID before its store to the entry is seen. ASIDs " +
    "run out meanwhile; CPU1 loads A, which gets a new ASID, and reads the old entry under it. C1's store is seen " +
    "now, and it invalidates the old ASID, which nobody has any more. CPU1 keeps the page that is freed.",
  geometry: "tiny",
  mms: ["A", "B", "C"],
  cpus: ["C", "B", "A"],
  files: [1],
  setup: [{ cpu: 2, mm: "A", calls: [...anon(1, 1), { call: "switch", args: { mm: 1 } }] }],
  cases: [
    {
      name: "unmap",
      tasks: [
        { name: "C1", cpu: 0, mm: "C", calls: [{ call: "unmap-of", args: { start: at(1), mm: 0 } }] },
        {
          name: "B1",
          cpu: 1,
          mm: "B",
          calls: [
            { call: "asid-rollover", args: {} },
            { call: "switch", args: { mm: 0 } },
          ],
        },
      ],
    },
  ],
  always: ["STALE_TRANSLATION"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED"],
};
