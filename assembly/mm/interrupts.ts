/**
 * Which CPUs have an interrupt to take, and which have theirs off: the two words that decide whether an interrupt can
 * come. Whoever keeps a list of who can move looks here for whether it is still right.
 *
 * Invariants
 *   N1  Cpu.PENDING and Cpu.IRQ_OFF are written here only.
 */
import { Cpu } from "../abi/records";
import { cpuAt, put, setBits } from "../word";

/** Something was written since the last takeInterruptsMoved(). A hint, not state. */
export let interruptsMoved: bool = false;

export function takeInterruptsMoved(): void {
  interruptsMoved = false;
}

export function setPending(cpu: u32, senders: u32): void {
  put(cpuAt(cpu) + Cpu.PENDING, senders);
  interruptsMoved = true;
}

/** `sender` asks for an interrupt of `cpu`. */
export function ask(cpu: u32, sender: u32): void {
  setBits(cpuAt(cpu) + Cpu.PENDING, 1 << sender);
  interruptsMoved = true;
}

export function setInterruptsOff(cpu: u32, off: u32): void {
  put(cpuAt(cpu) + Cpu.IRQ_OFF, off);
  interruptsMoved = true;
}
