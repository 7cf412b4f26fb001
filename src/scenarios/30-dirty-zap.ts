import type { Scenario } from "./scenario.js";
import { awaitZapped, base, dirtyPages, pagesOf, rangeOf } from "./words.js";

export const dirtyZap: Scenario = {
  name: "dirty-zap",
  aliases: [],
  title: "a dirty page is written back while a CPU still writes to it",
  bug: "B19(a)",
  commits: ["1cf35d47712d"],
  kernels: "to 3.14",
  vulnerable: "3.15~1cf35d47712d",
  fixed: "3.15",
  neighbours: ["5df397dec7c4"],
  editions: ["3.15~1cf35d47712d", "3.15"],
  known: "text and diff of the fix [T: 1cf35d47712d]; write-back and page_mkclean read in source [S: 6.1.192].",
  story:
    "MADV_DONTNEED clears the entry of a dirty page of a file, marks the page dirty, drops the table's lock, and " +
    "has the flush before it. Write-back finds that nobody maps the page, takes the mark and writes the content. " +
    "CPU1 writes on through its old entry: that is lost. Write-back waits until the lock is free, so that the " +
    "other half of the story (dirty-rmap) stays out.",
  ...dirtyPages(1),
  cases: [
    {
      name: "writeback",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [rangeOf("dontneed", base(1), 1)] },
        { name: "W", cpu: 2, mm: "B", calls: [awaitZapped(0, base(1)), pagesOf("writeback", 0, 1)] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "WRITTEN_BACK", "REMOTE_FLUSH"],
};
