/**
 * What the further threads of a process do, and moving its main thread.
 */
import { advise } from "../sequential/calls.js";
import { access } from "../sequential/fault.js";
import { PAGE } from "../sequential/tables.js";
import { goLazy } from "../sequential/tlb.js";
import { type Line, Unsupported } from "./line.js";
import type { Answer } from "./operations.js";
import type { Script } from "./play.js";
import type { Process, Reader } from "./process.js";

/** What a further thread does, or what is done to one. */
export function ofThread(script: Script, line: Line, process: Process): Answer | undefined {
  const { world } = script;
  const verb = line.word(1);
  if (!/^(spin|park|read|quit|status|pin|loopdn|wait|reap)$/.test(verb)) return undefined;
  if (verb === "reap" || verb === "wait") return { process };
  if (verb === "pin") {
    goLazy(world, process.cpu);
    process.cpu = line.number("cpu");
    return { process, switches: script.run(process.cpu, process) };
  }
  const number = line.number("t");
  let thread = script.readers.find((reader) => reader.process === process && reader.thread === number);
  if (verb === "status") {
    if (thread === undefined) throw new Unsupported(`thread ${number} was never started`);
    return { process, status: thread };
  }
  const cpu = line.option("cpu") === undefined ? undefined : line.number("cpu");
  if (thread === undefined) {
    if (cpu === undefined) throw new Unsupported(`thread ${number} was never started`);
    thread = { process, thread: number, cpu, address: 0, reading: false, fault: 0, value: 0 };
    script.readers.push(thread);
    process.threads++;
  } else if (cpu !== undefined && cpu !== thread.cpu) {
    goLazy(world, thread.cpu);
    thread.cpu = cpu;
  }
  return changeThread(script, line, process, thread);
}

function changeThread(script: Script, line: Line, process: Process, thread: Reader): Answer {
  const { world } = script;
  const verb = line.word(1);
  thread.reading = false;
  if (verb === "park" || verb === "quit") {
    goLazy(world, thread.cpu);
    return { process };
  }
  const switches = script.run(thread.cpu, process);
  if (verb === "read") {
    thread.address = line.number("a");
    thread.reading = true;
  }
  if (verb === "loopdn") {
    const [cpu, address] = [world.cpu, line.number("a")];
    world.cpu = thread.cpu;
    for (let i = 0; i < line.number("n"); i++) {
      access(world, process.mm, address, 1);
      advise(world, process.mm, address, address + PAGE, "dontneed");
    }
    world.cpu = cpu;
    world.events.length = 0;
    goLazy(world, thread.cpu);
    return { process };
  }
  return { process, switches };
}
