import type { Scenario } from "./scenario.js";
import { mapFile, touch, truncate } from "./words.js";

export const migrateNarrow: Scenario = {
  name: "migrate-narrow",
  aliases: [],
  title: "migration clears an entry of a table for one of its sharers",
  bug: "B5",
  commits: ["017b1660df89"],
  vulnerable: "4.19~017b1660df89",
  fixed: "4.19",
  editions: ["3.5", "5.15"],
  known: "the repaired form read in source [S: a4a1], the form before from memory [M].",
  story:
    "C migrates one huge page of a GiB that A and B share. The walk over the file's mappings comes to A first, takes " +
    "the table for A's own, clears the entry and flushes A's CPUs for it. The page is mapped nowhere any more, so B " +
    "is never flushed, and B's CPU goes on using the old page after it was freed.",
  geometry: "tiny",
  mms: ["A", "B", "C"],
  cpus: ["A", "B", "C"],
  files: [2],
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0), touch(1, 1)] },
    { cpu: 1, mm: "B", calls: [mapFile(1, 1), touch(1, 0)] },
  ],
  cases: [
    {
      name: "migrate",
      tasks: [
        {
          name: "C1",
          cpu: 2,
          mm: "C",
          calls: [{ call: "migrate", args: { file: 0, start: 0, end: 1 } }, truncate(0, 2)],
        },
      ],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED"],
};
