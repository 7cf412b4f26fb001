/**
 * Promela text: one step. The mover's op says what is asked of the oracle and of the hardware; each is served once.
 *
 * The parts are d_steps of one atomic sequence, because SPIN has a limit on the length of each: no state is stored
 * between them.
 */
const serve = {
  x86: "  if :: flushing -> serve_flush() :: else fi;\n",
  riscv: "  if :: flushing -> serve_fence() :: else fi;\n",
  none: "",
};

export const step = (interrupts: "x86" | "riscv" | "none", atOnce: string, audit: string): string => `
inline serve_changes()
{
  do
  :: sweeping && !losing -> serve_sweep()
  :: losing -> serve_entry()
  :: else -> break
  od;
  if :: beginning -> call_begins(); beginning = 0 :: else fi;
  if :: dropped != 0 -> serve_lock() :: else fi;
  if :: yf != 0 -> serve_page() :: else fi
}
inline serve_flushes()
{
${serve[interrupts]}  serve_invalidations();
  if :: loading -> serve_loaded(cpu, km) :: else fi
}
inline one_step()
{
  d_step { xdirty = 0; xmover = 0; if :: me < TASKS -> xmover = task_mm[me] + 1; visible_op() :: else fi; xgroup = 0 };
  d_step { serve_changes(); xgroup = 0 };
  d_step { serve_flushes(); xgroup = 0 };
  d_step { if :: me < TASKS -> local_ops();${atOnce} pc[me] = xpc :: else fi; xgroup = 0 };
  d_step { put_in_order(); ${audit} }
}
`;
