/**
 * Promela text: the rules over obligations (assembly/ghost/rules), and the locks whose release is one of them.
 */
export const rules = String.raw`
/* ---- rules over what is owed ---- */
hidden short xu; hidden short xk;

#define IS_WALK(i) ((o_level[i] & POINTER) != 0 || (o_flags[i] & VIA_WALK) != 0)

/* A frame is about to be freed: what is still held of this life of it is harm, if its holder runs the mm. */
inline judge(i)
{
  if
  :: IS_WALK(i) ->
     if :: (o_holders[i] & RUNNING(o_mm[i])) != 0 -> VIOLATE(STALE_WALK) :: else fi
  :: else ->
     if :: (o_holders[i] & AWAKE(o_mm[i])) != 0 -> VIOLATE(STALE_TRANSLATION) :: else fi
  fi
}

inline frame_freed(f)
{
  for (xu : 0 .. OBLIGATIONS - 1) {
    if
    :: xu < owed && o_frame[xu] == (f) && o_generation[xu] == generation[f] && (o_flags[xu] & RIGHTS) == 0 ->
       o_flags[xu] = o_flags[xu] | FREED;
       xdirty = 1;
       judge(xu)
    :: else
    fi
  }
}

/* A lock is dropped by its writer: nobody who runs the mm may still hold what it guards, a lazy CPU no pointer. */
hidden short dropped;
inline serve_lock()
{
  for (xu : 0 .. OBLIGATIONS - 1) {
    if
    :: xu < owed && o_guard[xu] == dropped ->
       o_guard[xu] = 0;
       xdirty = 1;
       if
       :: (o_holders[xu] & (IS_WALK(xu) -> RUNNING(o_mm[xu]) : AWAKE(o_mm[xu]))) != 0 -> VIOLATE(FLUSH_AFTER_UNLOCK)
       :: else
       fi
    :: else
    fi
  };
  dropped = 0
}

/* A flush of [from, to) of m is about to be made by the agent: does it contain all that the agent changed? A pointer
   is inside when the range meets it and reaches tables; a leaf when it lies inside as a whole. */
hidden byte xinside;
inline check_recorded(m, from, to, deep, whole)
{
  for (xu : 0 .. OBLIGATIONS - 1) {
    if
    :: !(whole) && xu < owed && o_by[xu] == agent + 1 && o_mm[xu] == (m) &&
       (o_flags[xu] & (UNRECORDED | VIA_WALK)) == 0 ->
       xdirty = 1;
       xinside = ((o_level[xu] & POINTER) != 0 ->
         (deep) && MEETS(from, to, o_start[xu], o_level[xu] & 15) :
         (from) <= o_start[xu] && o_start[xu] + PAGES(o_level[xu] & 15) <= (to));
       if
       :: xinside -> o_by[xu] = 0
       :: else -> o_flags[xu] = o_flags[xu] | UNRECORDED; VIOLATE(RANGE_NOT_RECORDED)
       fi
    :: else
    fi
  }
}

/* A call begins when it takes its first lock: it answers for what its mm owes already. When it ends, for nothing. */
inline call_begins()
{
  for (xu : 0 .. OBLIGATIONS - 1) {
    if :: xu < owed && o_mm[xu] == task_mm[me] -> o_due[xu] = o_due[xu] | (1 << me); xdirty = 1 :: else fi
  }
}
inline call_ends()
{
  for (xu : 0 .. OBLIGATIONS - 1) {
    o_due[xu] = o_due[xu] & ~(1 << me);
    if :: o_by[xu] == agent + 1 -> o_by[xu] = 0 :: else fi
  };
  xdirty = 1
}

/* A call over [START, END) of its mm returns: a CPU in user mode must not hold anything there. Of several entries the
   widest is named, then the one of the lowest place; it is reported once. */
hidden short xnamed;
#define WIDER(i, j) (o_level[i] > o_level[j] || (o_level[i] == o_level[j] && (o_start[i] < o_start[j] || \
  (o_start[i] == o_start[j] && (o_frame[i] < o_frame[j] || (o_frame[i] == o_frame[j] && \
  (o_generation[i] < o_generation[j] || (o_generation[i] == o_generation[j] && o_flags[i] < o_flags[j]))))))))
/* With writes, a base page that nobody could store through is not owed. */
inline call_returned(writes)
{
  xnamed = OBLIGATIONS;
  xu = 0;
  do
  :: xu >= owed || START >= END -> break
  :: xu < owed && !((writes) && o_level[xu] == 0 && (o_flags[xu] & STORES) == 0) &&
     o_mm[xu] == task_mm[me] && (o_due[xu] & (1 << me)) != 0 &&
     (o_holders[xu] & AWAKE(o_mm[xu])) != 0 && o_start[xu] < END &&
     START < o_start[xu] + PAGES(o_level[xu] & 15) && (xnamed == OBLIGATIONS || WIDER(xu, xnamed)) ->
     xnamed = xu; xu = xu + 1
  :: else -> xu = xu + 1
  od;
  if
  :: xnamed < OBLIGATIONS && (o_flags[xnamed] & REPORTED) == 0 ->
     o_flags[xnamed] = o_flags[xnamed] | REPORTED;
     xdirty = 1;
     VIOLATE(RIGHTS_OUTLIVE_CALL)
  :: else
  fi
}

/* ---- order of the obligations: by place, then by what is known of them ---- */
#define KEY_1(i) (((o_mm[i] * SPACE + o_start[i]) * 32 + o_level[i]) * FRAMES + o_frame[i])
#define KEY_2(i) ((o_generation[i] * 64 + o_flags[i]) * (1 << CPUS) + o_holders[i])
#define KEY_3(i) (((o_issued[i] * LOCKS + o_guard[i]) * 32 + o_by[i]) * (1 << TASKS) + o_due[i])
hidden int xa1; hidden int xa2; hidden int xa3; hidden short xm; hidden short xq;
hidden short xt;
#define SWAP(field, i, j) xt = field[i]; field[i] = field[j]; field[j] = xt
inline swap_owed(i, j)
{
  SWAP(o_mm, i, j); SWAP(o_start, i, j); SWAP(o_level, i, j); SWAP(o_frame, i, j);
  SWAP(o_generation, i, j); SWAP(o_holders, i, j); SWAP(o_issued, i, j); SWAP(o_flags, i, j);
  SWAP(o_guard, i, j); SWAP(o_by, i, j); SWAP(o_due, i, j)
}
inline take_min(i)
{
  xa1 = KEY_1(i); xa2 = KEY_2(i); xa3 = KEY_3(i); xm = i
}
inline put_in_order()
{
  xq = 0;
  do
  :: !xdirty || xq >= owed - 1 -> break
  :: else ->
     take_min(xq);
     xw = xq + 1;
     do
     :: xw >= owed -> break
     :: else ->
        if
        :: KEY_1(xw) < xa1 || (KEY_1(xw) == xa1 && (KEY_2(xw) < xa2 || (KEY_2(xw) == xa2 && KEY_3(xw) < xa3))) ->
           take_min(xw)
        :: else
        fi;
        xw = xw + 1
     od;
     if :: xm != xq -> swap_owed(xq, xm) :: else fi;
     xq = xq + 1
  od
}

/* ---- locks ---- */
hidden byte beginning;
inline take(k, write, rank)
{
  if
  :: IS_NULL_LOCK(k) -> VIOLATE(OOPS)
  :: else ->
     beginning = (ranks[me] == 0);
     ranks[me] = ranks[me] | (1 << rank);
     lck[k] = lck[k] | (1 << me) | ((write) -> WRITE_HELD : 0)
  fi
}
/* A lock that one waits for must rank above, or with, all that are held. */
inline lock(k, write, rank)
{
  if :: ranks[me] >= (1 << (rank + 1)) -> VIOLATE(LOCK_ORDER) :: else fi;
  take(k, write, rank)
}
inline trylock(k, rank, result)
{
  if :: lck[k] == 0 -> take(k, 1, rank); result = 1 :: else -> result = 0 fi
}
inline unlock(k, rank)
{
  if
  :: IS_NULL_LOCK(k) -> VIOLATE(OOPS)
  :: !IS_NULL_LOCK(k) && (lck[k] & (1 << me)) == 0 -> VIOLATE(LOCK_NOT_HELD)
  :: else ->
     if
     :: (lck[k] & WRITE_HELD) != 0 -> dropped = k; lck[k] = 0
     :: else -> lck[k] = lck[k] & ~(1 << me)
     fi;
     ranks[me] = ranks[me] & ~(1 << rank)
  fi
}
inline downgrade(k)
{
  if :: IS_NULL_LOCK(k) -> VIOLATE(OOPS) :: else -> dropped = k; lck[k] = 1 << me fi
}
inline must_hold(k)
{
  if
  :: (k) != 0 && (lck[k] & (WRITE_HELD | (1 << me))) != (WRITE_HELD | (1 << me)) -> VIOLATE(LOCK_NOT_HELD)
  :: else
  fi
}
`;
