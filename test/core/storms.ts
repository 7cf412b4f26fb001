/**
 * Random little programs: three tasks of two processes that share a file, a few calls each, on every kind of CPU state.
 *
 * What they do makes no sense as a program; it is there to bring the machine where no scenario goes.
 */
import type { CallStep, Scenario } from "../../src/scenarios/scenario.js";
import { at, mapFile, munmap, punch, READ_ONLY, READ_WRITE, touch, truncate } from "../../src/scenarios/words.js";
import { random } from "./agreement.js";

const A = 0;
const B = 1;
const FILE_PAGES = 4;

type Draw = (below: number) => number;

/** A range of one or two huge pages, or one or two GiBs, in the mapped part [4, 12). */
function range(draw: Draw): { start: number; end: number } {
  if (draw(2) === 0) {
    const first = 1 + draw(2);
    return { start: at(first), end: at(first + 1 + draw(3 - first)) };
  }
  const huge = draw(4);
  return { start: at(1, huge), end: at(1, huge + 1) };
}

/** A change of the CPU's mm and back, so that the task goes on in its own process. */
function excursion(draw: Draw, mm: number): CallStep[] {
  const away: CallStep[] = [
    { call: "switch", args: { mm: 1 - mm } },
    { call: "switch", args: { mm } },
  ];
  return draw(2) === 0 ? away : [{ call: "idle", args: {} }, ...away];
}

function callsOf(draw: Draw, mm: number): CallStep[] {
  const pages = { file: 0, start: draw(FILE_PAGES), end: FILE_PAGES };
  switch (draw(10)) {
    case 0:
      return [{ call: "munmap", args: range(draw) }];
    case 1:
      return [munmap(1, 1)];
    case 2:
      return [{ call: "mprotect", args: { ...range(draw), prot: draw(2) === 0 ? READ_ONLY : READ_WRITE } }];
    case 3:
      return [truncate(pages.start, FILE_PAGES)];
    case 4:
      return [punch(pages.start, FILE_PAGES)];
    case 5:
      return [{ call: "migrate", args: { ...pages, end: pages.start + 1 } }];
    case 6:
      return excursion(draw, mm);
    case 7:
      return [{ call: "load", args: { start: 4 + draw(8) } }];
    case 8:
      return [
        { call: "idle", args: {} },
        { call: "switch", args: { mm } },
      ];
    default:
      return [touch(1, draw(4), 7)];
  }
}

const program = (draw: Draw, mm: number): CallStep[] =>
  Array.from({ length: 2 + draw(2) }, () => callsOf(draw, mm)).flat();

/** The storm of a seed: CPU0 and CPU1 run A, CPU2 runs B; both map the file at GiB 1 and 2. */
export function storm(seed: number): Scenario {
  const draw = random(seed);
  const touches = Array.from({ length: 4 }, (_, huge) => touch(1, huge));
  return {
    name: `storm ${seed}`,
    aliases: [],
    title: "",
    bug: "",
    commits: [],
    story: "",
    geometry: "tiny",
    mms: ["A", "B"],
    cpus: ["A", "A", "B"],
    files: [FILE_PAGES],
    setup: [
      { cpu: 0, mm: "A", calls: [mapFile(1, 2), ...touches.slice(draw(3))] },
      { cpu: 2, mm: "B", calls: [mapFile(1, 2), ...touches.slice(draw(3))] },
    ],
    cases: [
      {
        name: "storm",
        tasks: [
          { name: "A1", cpu: 0, mm: "A", calls: program(draw, A) },
          { name: "A2", cpu: 1, mm: "A", calls: program(draw, A) },
          { name: "B1", cpu: 2, mm: "B", calls: program(draw, B) },
        ],
      },
    ],
    always: [],
    sometimes: [],
  };
}
