/**
 * `export --promela`: a scenario as a model for SPIN: a checker that shares no code with ours counts its states.
 *
 * The model is written from what each op means (promela/*.ts); from the machine it takes the compiled listings, the
 * sizes and the state in which the race begins. docs/promela.md says which variable is which record word.
 */
import { Area, Boot } from "../../assembly/abi/layout.js";
import { Machine as MachineKind } from "../../assembly/abi/operands.js";
import { Vma, VmaFlag } from "../../assembly/abi/records.js";
import { InputError } from "../error.js";
import { type StageOptions, stage } from "../explore/stage.js";
import type { Machine } from "../machine.js";
import { audit } from "./promela/audit.js";
import { declarations } from "./promela/declare.js";
import { discharge } from "./promela/discharge.js";
import { hardware } from "./promela/hardware.js";
import { kernel } from "./promela/kernel.js";
import { broadcast, riscv, switching, x86 } from "./promela/machines.js";
import { memory } from "./promela/memory.js";
import { Model } from "./promela/model.js";
import { oracle } from "./promela/oracle.js";
import { ranges } from "./promela/ranges.js";
import { rules } from "./promela/rules.js";
import { hasSlots, macros } from "./promela/sizes.js";
import { step } from "./promela/step.js";
import { walkers } from "./promela/walkers.js";

/** The violations that a model can find, as the bits that its assertions name. */
export const modelKinds = [
  "FLUSH_AFTER_UNLOCK",
  "RANGE_NOT_RECORDED",
  "RIGHTS_OUTLIVE_CALL",
  "STALE_TRANSLATION",
  "STALE_WALK",
  "UNBALANCED",
  "LOCK_NOT_HELD",
  "LOCK_ORDER",
  "DEADLOCK",
  "OOPS",
  "MOVED_WRONG",
  "LOST_WAKE_UP",
] as const;

/** Assertions that say that the model has run out of room: its counts are then no counts. */
export const modelBounds = ["OBLIGATIONS_FULL", "VMAS_FULL", "NO_FORM"] as const;

/** Whether every mapping of the scenario is of hugetlbfs: then the ops of base pages are never come to. */
function mapsHugePagesOnly({ scenario, which }: StageOptions): boolean {
  const calls = [...scenario.setup, ...which.tasks].flatMap((part) => part.calls);
  const maps = calls.filter(({ call }) => (typeof call === "string" ? call : call.name) === "mmap");
  return maps.every(({ args }) => ((args.flags ?? 0) & VmaFlag.HUGETLB) !== 0);
}

/** The machine must be one that the text describes. */
function mustFit(machine: Machine): void {
  const refuse = (what: string): never => {
    throw new InputError(what, { source: "export", remedy: "choose a scenario from the table in docs/promela.md" });
  };
  if (machine.geometry.bits.length !== 3) refuse(`the geometry ${machine.geometry.name} has not three levels`);
  if (machine.get(Area.BOOT + Boot.REUSE) !== 0) refuse("only immediate reuse of frames has a Promela form");
  if (machine.get(Area.BOOT + Boot.CPUS) > 8) refuse("more than 8 CPUs do not fit into a byte");
  const drivers = Array.from({ length: machine.get(Area.BOOT + Boot.VMAS) }, (_, i) => machine.vma(i));
  if (drivers.some((vma) => machine.get(vma + Vma.MM) !== 0 && (machine.get(vma + Vma.FLAGS) & VmaFlag.PFNMAP) !== 0))
    refuse("a driver's memory has no Promela form yet");
  const kind = machine.get(Area.BOOT + Boot.MACHINE);
  const known = [
    MachineKind.PRECISE,
    MachineKind.X86,
    MachineKind.ARM64,
    MachineKind.ARM64_RANGE,
    MachineKind.X86_PTI,
    MachineKind.X86_TCE,
    MachineKind.X86_INVLPGB,
    MachineKind.RISCV,
  ];
  if (!known.includes(kind)) refuse(`the machine of back-end ${machine.config.backend.name} has no Promela form yet`);
}

/** The model of one case of a scenario, for `spin -a`. Throws an InputError when something has no Promela form. */
export function exportPromela(what: StageOptions): string {
  const machine = stage({ ...what, concrete: false });
  mustFit(machine);
  const model = new Model(machine, mapsHugePagesOnly(what));
  const kind = machine.get(Area.BOOT + Boot.MACHINE);
  const interrupts = hasSlots(kind) ? "x86" : kind === MachineKind.RISCV ? "riscv" : "none";
  const name = `${what.scenario.name}/${what.which.name}@${what.edition.name}/${what.backend.name}`;
  const bits = [...modelKinds, ...modelBounds].map((kind) => `hidden byte ${kind};`);
  const parts = [
    `/* ${name}: made by \`shootdown export --promela\`; docs/promela.md explains it.\n` +
      "   spin -o2 -a MODEL; cc -O2 -DNOREDUCE -DSAFETY -DVECTORSZ=4096 -o pan pan.c; ./pan -m1000000 -c0 */",
    model.listing(),
    macros(machine),
    "/* ---- the state ---- */",
    declarations(machine),
    "/* ---- who moves. What is hidden is scratch: set before it is read, and no part of a state. ---- */",
    "hidden byte me; hidden byte cpu; hidden byte agent; hidden short xpc; hidden short xgroup;",
    bits.join(" "),
    hardware,
    oracle,
    discharge,
    rules,
    kernel,
    memory,
    ranges,
    x86,
    riscv,
    broadcast,
    switching,
    walkers,
    audit,
    step(interrupts, model.atOnce(), `if :: ${model.finished()} -> serve_audit() :: else fi; xgroup = 0`),
    model.canMove(),
    model.process(interrupts !== "none"),
  ];
  return `${parts.map((part) => part.trim()).join("\n\n")}\n`;
}
