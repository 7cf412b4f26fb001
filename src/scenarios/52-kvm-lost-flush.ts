import type { Scenario } from "./scenario.js";
import { at, guestHuge, kvmOf, mapFile, touch } from "./words.js";

export const kvmLostFlush: Scenario = {
  name: "kvm-lost-flush",
  aliases: [],
  title: "KVM forgets a pending flush when the next page has nothing to zap",
  bug: "B29(b)",
  commits: ["315f02c60d94"],
  kernels: "5.10 to 5.11; stable 5.10.30",
  vulnerable: "7.1~315f02c60d94",
  fixed: "7.1",
  editions: ["7.1~315f02c60d94", "7.1"],
  known: "the commit's text [T]; the notifier machinery [M].",
  story:
    "KVM zaps two shadow pages, one after the other, and flushes for both at the end if there was anything to " +
    "zap. The answer for the second takes the place of the answer for the first: when there was nothing in the " +
    "second, the flush for the first is forgotten.",
  geometry: "tiny",
  mms: ["A", "S"],
  cpus: ["A", "S"],
  files: [2],
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0), touch(1, 1)] },
    { cpu: 1, mm: "S", calls: [kvmOf(0), guestHuge(at(1))] },
  ],
  cases: [
    {
      name: "recover",
      tasks: [{ name: "K1", cpu: 0, mm: "S", calls: [{ call: "kvm-recover", args: { start: at(1), end: at(2) } }] }],
    },
  ],
  always: ["RIGHTS_OUTLIVE_CALL"],
  sometimes: ["REMOTE_HOLDER"],
};
