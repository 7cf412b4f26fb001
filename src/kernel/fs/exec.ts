/**
 * fs/exec.c: the new mm of a program takes the CPU. And what a scenario needs around it.
 */
import { listing, since } from "../listing.js";
import * as k from "../ops.js";

/**
 * exec_mmap, from where the new mm is known to be where the CPU has loaded it. An interrupt between the two finds the
 * CPU in the mask and another mm loaded, and takes it out of the mask.
 *
 * [T: 38cf307c1f20 for kthread_use_mm, M: d53c3dfb23c4 for exec]. Only machines that interrupt lose anything. Linux's
 * own x86 disables interrupts inside switch_mm; here its handler stands for those that do not (powerpc, sparc64).
 */
export const exec_mmap = listing("fs/exec.c", "exec_mmap", [
  since("5.10", "d53c3dfb23c4", k.local_irq_disable()),
  k.switch_begin(),
  k.switch_end(),
  since("5.10", "d53c3dfb23c4", k.local_irq_enable()),
  k.ret(false),
]);

/** Injects failures: the next table batches find no page. */
export const failBatches = listing("(scenario)", "fail-batches", [k.fail_batches(), k.ret(false)]);
