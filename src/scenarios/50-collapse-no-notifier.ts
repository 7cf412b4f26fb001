import type { Scenario } from "./scenario.js";
import { at, guestPage, mirroredPages } from "./words.js";

const retractor = {
  name: "A1",
  cpu: 0,
  mm: "A",
  calls: [{ call: "retract", args: { start: at(1), end: at(1, 1) } }],
};

export const collapseNoNotifier: Scenario = {
  name: "collapse-no-notifier",
  aliases: [],
  title: "a table is retracted and no notifier is called",
  bug: "B20(c)",
  commits: ["8d3c106e19e8", "f268f6cf875f"],
  kernels: "up to 6.0; stable 5.15.81",
  vulnerable: "7.1~f268f6cf875f",
  fixed: "7.1",
  editions: ["7.1~f268f6cf875f", "7.1"],
  known: "the commit's own text [T]; that the page is freed in the same call is a shortening [D].",
  story:
    "khugepaged retracts a PTE table of A, with what it maps. A guest, S, mirrors A's memory: its tables map the " +
    "page without a reference. Nobody calls the notifier, so the guest's entry stays, and its vCPU goes on using " +
    "the page after it has been freed.",
  ...mirroredPages,
  cases: [
    { name: "retract", tasks: [retractor] },
    { name: "fault", tasks: [retractor, { name: "S1", cpu: 1, mm: "S", calls: [guestPage(at(1) + 1)] }] },
  ],
  always: ["STALE_TRANSLATION"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED", "TABLE_FREED"],
};
