import type { Scenario } from "./scenario.js";
import { at, awaitClear, exit, READ_ONLY, sharedGib } from "./words.js";

const whole = { start: at(1), end: at(2) };
const B1 = { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), exit()] };

export const lazyUnshare: Scenario = {
  name: "lazy-unshare",
  aliases: [],
  title: "a lazy CPU is passed by when mprotect, mremap or userfaultfd leaves a table",
  bug: "open",
  commits: ["3ef938c35035", "8ce720d5bd91"],
  editions: ["5.16+", "6.1", "6.16", "7.0", "7.1"],
  known: "both flush paths read in source [S: 7.0rc6] and in the diffs [T]; that it matters is derived [D].",
  story:
    "CPU1 runs a kernel thread and keeps A's page tables loaded. A1 leaves a table that A and B share. From 6.15 to " +
    "6.19 these paths flush with flush_tlb_range(), which says that tables may be gone and reaches lazy CPUs too; " +
    "from 7.0 on they flush a gather that says unshared_tables, and x86 passes on only freed_tables. B exits and " +
    "frees the table while CPU1 may still walk from the pointer that it cached, speculatively.",
  ...sharedGib,
  setup: [...sharedGib.setup, { cpu: 1, mm: "A", calls: [{ call: "idle", args: {} }] }],
  cases: [
    {
      name: "mprotect",
      tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: "mprotect", args: { ...whole, prot: READ_ONLY } }] }, B1],
    },
    {
      name: "mremap",
      since: "5.16",
      tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: "mremap", args: { ...whole, to: at(2) } }] }, B1],
    },
    {
      name: "uffd",
      tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: "uffd-register", args: whole }] }, B1],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_WALK"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "TABLE_FREED"],
};
