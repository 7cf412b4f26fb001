import type { Scenario } from "./scenario.js";
import { at, awaitClear, exit, munmap, READ_ONLY, sharedGib } from "./words.js";

const B1 = { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), exit()] };
const whole = { start: at(1), end: at(2) };

export const walkCache: Scenario = {
  name: "walk-cache",
  aliases: [],
  title: "the pointer to an unshared table stays in walk caches",
  bug: "B9",
  commits: ["8ce720d5bd91", "c2ff4764e03e"],
  kernels: "unmap from 5.16, mprotect and mremap from 7.0; to 7.1-rc4; stable 6.1.176, 6.12.93",
  vulnerable: "7.1~c2ff4764e03e",
  fixed: "7.1",
  editions: ["5.19", "6.16", "7.0", "7.1"],
  known: "tlb_flush of arm64 read in source [S: 7.0rc6], the repair in its diff [T].",
  story:
    "A leaves a table that it shares with B. The flush is told of cleared entries, not of a table, so on arm64 it " +
    "invalidates leaves alone, and only a flush of a whole ASID takes the pointer to the table along. With exact " +
    "ranges the pointer stays in CPU1's walk cache. B exits and frees the table, and CPU1 walks in what it becomes.",
  ...sharedGib,
  cases: [
    { name: "munmap", tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [munmap(1, 1)] }, B1] },
    {
      name: "mprotect",
      tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: "mprotect", args: { ...whole, prot: READ_ONLY } }] }, B1],
    },
    {
      name: "uffd",
      tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: "uffd-register", args: whole }] }, B1],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_WALK"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "TABLE_FREED"],
};
