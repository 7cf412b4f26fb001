import type { Scenario } from "./scenario.js";
import { at, awaitClear, exit, READ_ONLY, sharedGib, truncate } from "./words.js";

const protector = {
  name: "A1",
  cpu: 0,
  mm: "A",
  calls: [{ call: "mprotect", args: { start: at(1), end: at(2), prot: READ_ONLY } }],
};

export const mprotectLateFlush: Scenario = {
  name: "mprotect-late-flush",
  aliases: ["d833352a4338"],
  title: "mprotect of hugetlb flushes after the unlock",
  bug: "B3(i)",
  commits: ["d833352a4338"],
  kernels: "2.6.20 to 3.5",
  vulnerable: "3.6~d833352a4338",
  fixed: "3.6",
  known: "the old order read in source [S: 972d], the change in the commit [T].",
  story:
    "A changes the protection of a GiB that it shares with B: the table is unshared, i_mmap dropped, and only " +
    "then the range is flushed. In between B truncates the file, or exits and frees the table. The rule that the " +
    "flush comes first was written down for mprotect in the very release in which unmap lost it.",
  ...sharedGib,
  cases: [
    {
      name: "truncate",
      tasks: [protector, { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), truncate(0, 2)] }],
    },
    { name: "exit", tasks: [protector, { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), exit()] }] },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "PAGE_FREED"],
};
