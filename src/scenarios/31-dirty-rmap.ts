import type { Scenario } from "./scenario.js";
import { base, dirtyPages, pagesOf, rangeOf } from "./words.js";

export const dirtyRmap: Scenario = {
  name: "dirty-rmap",
  aliases: [],
  title: "a map count that falls before the flush lets write-back pass the lock",
  bug: "B19(b)",
  commits: ["5df397dec7c4"],
  kernels: "to 6.1",
  vulnerable: "7.1~5df397dec7c4",
  fixed: "7.1",
  editions: ["7.1~5df397dec7c4", "7.1"],
  known: "delayed rmap read in source [S: 6.1.192, 7.0rc6]; the race in the commit's text [T: 5df397dec7c4].",
  story:
    "Since 3.15 a dirty page of a file is flushed before the table's lock is dropped, so that write-back, which " +
    "takes that lock, comes too late to lose anything. But the page's map count had fallen before: write-back " +
    "sees a page that nobody maps and need not take the lock at all. The repair lets the count fall after the " +
    "flush.",
  ...dirtyPages(1),
  cases: [
    {
      name: "writeback",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [rangeOf("dontneed", base(1), 1)] },
        { name: "W", cpu: 2, mm: "B", calls: [pagesOf("writeback", 0, 1)] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "WRITTEN_BACK", "REMOTE_FLUSH"],
};
