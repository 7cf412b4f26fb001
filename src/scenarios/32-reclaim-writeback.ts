import type { Scenario } from "./scenario.js";
import { dirtyPages, pagesOf } from "./words.js";

export const reclaimWriteback: Scenario = {
  name: "reclaim-writeback",
  aliases: [],
  title: "write-back beside a reclaim that has deferred its flush",
  bug: "open",
  commits: [],
  known:
    "reclaim and write-back read in source [S: 6.1.192]; that the page lock is dropped before the batch is flushed " +
    "is the order of shrink_folio_list there. Found by random programs, not by reading.",
  story:
    "Reclaim clears the entry of a dirty page, leaves the flush for later and finds the page dirty: it keeps it and " +
    "drops its lock. Only its own I/O would flush first. Another CPU writes the page back: nobody maps it, so " +
    "nothing is flushed; it takes the dirty mark and the content. CPU1 writes on through its old entry: that is " +
    "lost when the page is dropped as clean.",
  ...dirtyPages(1),
  cpus: ["A", "A", "B", "B"],
  cases: [
    {
      name: "writeback",
      tasks: [
        { name: "R", cpu: 2, mm: "B", calls: [pagesOf("reclaim", 0, 1)] },
        { name: "W", cpu: 3, mm: "B", calls: [pagesOf("writeback", 0, 1)] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "DEFERRED", "WRITTEN_BACK"],
};
