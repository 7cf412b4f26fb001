/** Boot: a machine from a compiled module, a scenario's set-up on it, and the size of the module. */
import { statSync } from "node:fs";
import { findBackend } from "../src/kernel/arch/backends.js";
import { findEdition } from "../src/kernel/editions.js";
import { Machine } from "../src/machine.js";
import { type Figure, figure, interleave, timed, type Work } from "./measure.js";
import { staged } from "./search.js";

function bootOnce(): Machine {
  const [edition, backend] = [findEdition("5.16"), findBackend("x86")];
  if (edition === undefined || backend === undefined) throw new Error("the seed's edition is gone");
  return Machine.boot({ geometry: "tiny", edition, backend, cpus: 3, mms: 2, tasks: 2 });
}

function repeated(times: number, work: () => unknown): Work {
  return () =>
    timed(() => {
      for (let i = 0; i < times; i++) work();
      return times;
    });
}

export async function bootFigures(root: string, rounds: number): Promise<Figure[]> {
  const works = new Map([
    ["boot", repeated(10, bootOnce)],
    ["stage", repeated(10, () => staged("seed", "truncate", "5.15"))],
  ]);
  const costs = await interleave(works, rounds);
  const size = statSync(`${root}dist/core.wasm`).size / 1024;
  return [
    figure("boot of a machine, module compiled", "ms", costs.get("boot") as number[], { goal: { atMost: 5 } }),
    figure("boot and set-up of the scenario seed", "ms", costs.get("stage") as number[]),
    figure("core.wasm", "KiB", [size], { goal: { atMost: 200 } }),
  ];
}
