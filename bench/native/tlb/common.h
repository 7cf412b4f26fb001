/* common.h - trace records, synthetic generators, timing.  Own code; free to reuse.
 * A record is one u64: addr (bits 0..47) | size<<48 (1..255) | type<<56 (0=I fetch,1=L load,2=S store,3=M modify). */
#pragma once
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
typedef uint64_t u64;
typedef uint32_t u32;
typedef uint16_t u16;
typedef uint8_t u8;
#define ADDR(r) ((r) & 0xffffffffffffull)
#define SIZE(r) (((r) >> 48) & 0xff)
#define TYPE(r) ((r) >> 56)
static inline double cpu_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}
static inline u32 xs32(u32 *s) {
  u32 x = *s;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *s = x;
}
#define SYN_BASE 0x10000000000ull /* 2^40 */
#define SYN_N 10000000u
/* Synthetic traces: SYN_N records, type L, size 8, seed 2463534242 (Marsaglia xorshift32 13,17,5), page offset 0
 * uniform-P : page = (u64)x*P>>32
 * zipf-P    : weight of rank k (0-based) = 1/(k+1); T[k]=floor(cum[k]/total*2^32); rank = first k with x < T[k] (last
 * rank if none); page = (rank*40503) mod P   (P a power of two, so this is a bijection) seq       : addr = base +
 * 64*i stride-P  : page = i mod P   (cyclic sweep: LRU's worst case when P > capacity)
 */
static u64 *syn(const char *name, size_t *n) {
  u64 *v = malloc(8ull * SYN_N);
  u32 s = 2463534242u;
  *n = SYN_N;
  u64 hdr = (8ull << 48) | (1ull << 56);
  unsigned P;
  if (sscanf(name, "uniform-%u", &P) == 1) {
    for (u32 i = 0; i < SYN_N; i++)
      v[i] = hdr | (SYN_BASE + (((u64)xs32(&s) * P) >> 32) * 4096);
    return v;
  }
  if (sscanf(name, "stride-%u", &P) == 1) {
    for (u32 i = 0; i < SYN_N; i++)
      v[i] = hdr | (SYN_BASE + (u64)(i % P) * 4096);
    return v;
  }
  if (!strcmp(name, "seq")) {
    for (u32 i = 0; i < SYN_N; i++)
      v[i] = hdr | (SYN_BASE + (u64)i * 64);
    return v;
  }
  if (sscanf(name, "zipf-%u", &P) == 1) {
    double tot = 0, c = 0;
    u32 *T = malloc(4ull * P);
    for (u32 k = 0; k < P; k++)
      tot += 1.0 / (k + 1);
    for (u32 k = 0; k < P; k++) {
      c += 1.0 / (k + 1);
      double t = c / tot * 4294967296.0;
      T[k] = t >= 4294967295.0 ? 0xffffffffu : (u32)t;
    }
    for (u32 i = 0; i < SYN_N; i++) {
      u32 x = xs32(&s), lo = 0, hi = P - 1;
      while (lo < hi) {
        u32 m = (lo + hi) / 2;
        if (x < T[m])
          hi = m;
        else
          lo = m + 1;
      }
      v[i] = hdr | (SYN_BASE + (u64)((lo * 40503u) & (P - 1)) * 4096);
    }
    free(T);
    return v;
  }
  free(v);
  return 0;
}
/* load a .bin file of records, or generate a synthetic trace when the name is one. withI: 0 = data only (L,S,M), 1 =
 * all incl. I, 2 = I only */
static u64 *load_trace(const char *name, size_t *n, int withI) {
  u64 *v = syn(name, n);
  if (v)
    return v;
  FILE *f = fopen(name, "rb");
  if (!f) {
    perror(name);
    exit(1);
  }
  fseek(f, 0, SEEK_END);
  size_t k = ftell(f) / 8;
  rewind(f);
  v = malloc(8 * k);
  if (fread(v, 8, k, f) != k)
    exit(1);
  fclose(f);
  if (withI != 1) {
    size_t j = 0;
    for (size_t i = 0; i < k; i++)
      if (!!TYPE(v[i]) == (withI == 0))
        v[j++] = v[i];
    k = j;
  }
  *n = k;
  return v;
}
