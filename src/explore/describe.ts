/**
 * Plain words for a machine's numbers: addresses, frames, CPUs, and what a step did.
 */

import { EventKind } from "../../assembly/abi/events.js";
import { Area, Base, Boot, Event, Run } from "../../assembly/abi/layout.js";
import { Reg } from "../../assembly/abi/operands.js";
import { OBLIGATION_TABLE } from "../../assembly/abi/tasks.js";
import { type Geometry, gibPages, hugePages } from "../geometry.js";
import type { Machine } from "../machine.js";
import { kindName } from "../names.js";

/** An event of the core's trace. */
export interface TraceEvent {
  readonly kind: number;
  readonly step: number;
  readonly agent: number;
  readonly pc: number;
  readonly cpu: number;
  readonly mm: number;
  readonly start: number;
  readonly end: number;
  readonly frame: number;
  readonly extra: number;
}

/** Events that the core has written since the trace was last switched on. */
export function readEvents(machine: Machine): TraceEvent[] {
  const events: TraceEvent[] = [];
  for (let i = 0; i < machine.run(Run.EVENTS); i++) {
    const at = machine.base(Base.EVENT) + i * Event.WORDS;
    events.push({
      kind: machine.get(at + Event.KIND),
      step: machine.get(at + Event.STEP),
      agent: machine.get(at + Event.AGENT),
      pc: machine.get(at + Event.PC),
      cpu: machine.get(at + Event.CPU),
      mm: machine.get(at + Event.MM),
      start: machine.long(at + Event.START),
      end: machine.long(at + Event.END),
      frame: machine.get(at + Event.FRAME),
      extra: machine.get(at + Event.EXTRA),
    });
  }
  return events;
}

/** 1G+2M on small geometries, where a GiB is a few pages; hexadecimal on real ones. */
export function formatAddress(geometry: Geometry, vpn: number): string {
  if (geometry.name !== "tiny") return `0x${(vpn * 4096).toString(16)}`;
  const gib = Math.floor(vpn / gibPages(geometry));
  const huge = Math.floor((vpn % gibPages(geometry)) / hugePages(geometry));
  const base = vpn % hugePages(geometry);
  return `${gib}G${huge > 0 ? `+${2 * huge}M` : ""}${base > 0 ? `+${4 * base}K` : ""}`;
}

export const formatRange = (geometry: Geometry, from: number, to: number): string =>
  `[${formatAddress(geometry, from)}, ${formatAddress(geometry, to)})`;

/** T for page tables, p for base pages, h for huge pages, numbered in their pool. */
export function formatFrame(machine: Machine, frame: number): string {
  const tables = machine.get(Area.BOOT + Boot.TABLE_FRAMES);
  const bases = machine.get(Area.BOOT + Boot.BASE_FRAMES);
  if (frame <= tables) return `T${frame}`;
  return frame <= tables + bases ? `p${frame - tables}` : `h${frame - tables - bases}`;
}

export function formatCpus(mask: number): string {
  const cpus: string[] = [];
  for (let cpu = 0; cpu < 32; cpu++) if (((mask >>> cpu) & 1) === 1) cpus.push(`CPU${cpu}`);
  return cpus.length < 2 ? (cpus[0] ?? "nobody") : `${cpus.slice(0, -1).join(", ")} and ${cpus.at(-1)}`;
}

/** What the placeholders of a sentence stand for, for one task. */
export function placeholders(machine: Machine, task: number, mmNames: readonly string[]): (name: string) => string {
  const { geometry } = machine;
  const reg = (r: Reg): number => machine.register(task, r);
  const mm = (index: number): string => mmNames[index] ?? `mm ${index}`;
  const values: Readonly<Record<string, () => string>> = {
    mm: () => mm(reg(Reg.MM)),
    flushed: () => mm(reg(Reg.FLUSH_MM)),
    address: () => formatAddress(geometry, reg(Reg.ADDRESS)),
    gib: () => {
      const start = reg(Reg.ADDRESS) - (reg(Reg.ADDRESS) % gibPages(geometry));
      return formatRange(geometry, start, start + gibPages(geometry));
    },
    range: () =>
      reg(Reg.FULL) !== 0
        ? "everything"
        : reg(Reg.RANGE_END) > 0
          ? formatRange(geometry, reg(Reg.RANGE_START), reg(Reg.RANGE_END))
          : formatRange(geometry, reg(Reg.ADDRESS), reg(Reg.LAST)),
    page: () => formatFrame(machine, reg(Reg.PAGE)),
    table: () => formatFrame(machine, reg(Reg.TABLE)),
    file: () => `file ${reg(Reg.FILE)}`,
  };
  return (name) => values[name]?.() ?? `{${name}}`;
}

export const fillIn = (sentence: string, value: (name: string) => string): string =>
  sentence.replace(/\{(\w+)\}/g, (_, name: string) => value(name));

function thing(machine: Machine, event: TraceEvent): string {
  const level = event.extra & 255;
  const where = formatAddress(machine.geometry, event.start);
  return (level & OBLIGATION_TABLE) !== 0
    ? `the pointer to table ${formatFrame(machine, event.frame)}`
    : `${where} -> ${formatFrame(machine, event.frame)}`;
}

/** Sentences for what a step's events mean, grouped: who may hold what, who is clean, what became free. */
export function notesOf(machine: Machine, events: readonly TraceEvent[], mmNames: readonly string[]): string[] {
  const notes: string[] = [];
  const grouped = new Map<string, string[]>();
  for (const event of events) {
    if (event.kind === EventKind.OWED || event.kind === EventKind.DISCHARGED) {
      const who = formatCpus(event.cpu);
      const verb = event.kind === EventKind.OWED ? "may still hold" : "no longer holds";
      const key = `${who} ${verb}, for ${mmNames[event.mm] ?? event.mm}`;
      grouped.set(key, [...(grouped.get(key) ?? []), thing(machine, event)]);
    } else if (event.kind === EventKind.FREED) {
      notes.push(`${formatFrame(machine, event.frame)} is free`);
    } else if (event.kind === EventKind.VIOLATION) {
      notes.push(`>>> ${kindName(event.extra)}`);
    } else if (event.kind === EventKind.FAULT) {
      notes.push(`the task gets signal ${event.extra}`);
    } else if (event.kind === EventKind.IPI) {
      notes.push(`CPU${event.cpu} is interrupted`);
    }
  }
  return [...[...grouped].map(([who, things]) => `${who}: ${things.join(", ")}`), ...notes];
}
