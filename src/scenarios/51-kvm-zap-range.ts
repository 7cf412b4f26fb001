import type { Scenario } from "./scenario.js";
import { at, guestHuge, kvmOf, mapFile, touch } from "./words.js";

export const kvmZapRange: Scenario = {
  name: "kvm-zap-range",
  aliases: [],
  title: "KVM takes a table out and flushes from its last entry on",
  bug: "B29(a)",
  commits: ["574c3c55e969"],
  kernels: "5.10 to 5.15; stable 5.15.7",
  vulnerable: "7.1~574c3c55e969",
  fixed: "7.1",
  editions: ["7.1~574c3c55e969", "7.1"],
  known: "the commit's text [T]; the notifier machinery [M].",
  story:
    "KVM takes a table of huge pages out of a guest's stage 2, clears its entries one by one, and flushes. The " +
    "start of the flush is the address where the loop stood, that of the last entry: of two pages, the first is " +
    "not flushed, and the vCPU keeps it after the call has returned.",
  geometry: "tiny",
  mms: ["A", "S"],
  cpus: ["A", "S"],
  files: [2],
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0), touch(1, 1)] },
    { cpu: 1, mm: "S", calls: [kvmOf(0), guestHuge(at(1)), guestHuge(at(1, 1))] },
  ],
  cases: [
    {
      name: "zap",
      tasks: [{ name: "K1", cpu: 0, mm: "S", calls: [{ call: "kvm-zap-table", args: { start: at(1), end: at(2) } }] }],
    },
  ],
  always: ["RIGHTS_OUTLIVE_CALL"],
  sometimes: ["REMOTE_HOLDER", "TABLE_FREED"],
};
