import type { Scenario } from "./scenario.js";
import { exit, mapFile, munmap, touch } from "./words.js";

export const exitShortcut: Scenario = {
  name: "exit-shortcut",
  aliases: [],
  title: "a dying mm flushes nothing on arm64",
  bug: "B9",
  commits: ["a4a118f2eead", "c2ff4764e03e"],
  vulnerable: "7.1~c2ff4764e03e",
  fixed: "7.1",
  known:
    "tlb_flush of arm64 read in source [S: 7.0rc6], the repair in its diff [T]; that exit is hit too is derived [D].",
  story:
    "B exits while A still shares its PMD table. The gather of a dying mm flushes nothing on arm64 unless tables " +
    "were freed, because the ASID is retired; an unshared table is not counted as freed. B's CPU still has the mm " +
    "loaded, lazily, and may still walk from the pointer that it cached. A unmaps, and frees the table.",
  geometry: "tiny",
  mms: ["A", "B"],
  cpus: ["A", null, "B"],
  files: [2],
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0)] },
    { cpu: 2, mm: "B", calls: [mapFile(1, 1), touch(1, 0)] },
  ],
  cases: [
    {
      name: "exit",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [munmap(1, 1)] },
        { name: "B1", cpu: 2, mm: "B", calls: [exit()] },
      ],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "TABLE_FREED"],
};
