import type { Scenario } from "./scenario.js";
import { exit, mapFile, touch } from "./words.js";

export const dyingVma: Scenario = {
  name: "dying-vma",
  aliases: [],
  title: "a VMA that is being torn down lends its table",
  bug: "B3(ii)",
  commits: ["d833352a4338"],
  kernels: "2.6.20 to 3.5",
  vulnerable: "3.6~d833352a4338",
  fixed: "3.6",
  editions: ["3.5", "3.6"],
  alsoFinds: [{ bug: "B1", kinds: ["FLUSH_AFTER_UNLOCK"], goneIn: "7.1" }],
  known: "the order of unmap and free_pgtables read in source [S: 972d, 2466], the race in the commit's text [T].",
  story:
    "A exits: its entries are cleared, i_mmap is dropped, and its PMD table, empty by now, is still hooked. The VMA " +
    "still stands in the file's tree, so B's fault finds the table there, shares it and maps a page in it. Then A's " +
    "free_pgtables() comes to the table, takes B's entry for garbage and clears it: the page is mapped for ever.",
  geometry: "tiny",
  mms: ["A", "B"],
  cpus: ["A", "B"],
  files: [2],
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0)] },
    { cpu: 1, mm: "B", calls: [mapFile(1, 1)] },
  ],
  cases: [
    {
      name: "exit",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [exit()] },
        { name: "B1", cpu: 1, mm: "B", calls: [touch(1, 0)] },
      ],
    },
  ],
  always: ["UNBALANCED"],
  sometimes: ["SHARED", "TABLE_FREED"],
};
