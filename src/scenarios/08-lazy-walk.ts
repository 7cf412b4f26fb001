import type { Scenario } from "./scenario.js";
import { awaitClear, exit, munmap, sharedGib } from "./words.js";

export const lazyWalk: Scenario = {
  name: "lazy-walk",
  aliases: [],
  title: "a lazy CPU is not interrupted for an unshared table",
  bug: "open",
  commits: ["a4a118f2eead"],
  story:
    "CPU1 runs a kernel thread and keeps A's page tables loaded. A unshares a table; its gather says that no " +
    "table was freed, so x86 leaves the lazy CPU alone until it runs A again. B, the last sharer, exits and frees " +
    "the table while CPU1 may still walk from the pointer that it cached, speculatively.",
  ...sharedGib,
  setup: [...sharedGib.setup, { cpu: 1, mm: "A", calls: [{ call: "idle", args: {} }] }],
  cases: [
    {
      name: "exit",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [munmap(1, 1)] },
        { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), exit()] },
      ],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "TABLE_FREED"],
};
