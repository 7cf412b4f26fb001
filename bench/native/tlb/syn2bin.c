/* syn2bin NAME: write a synthetic trace (see common.h) as u64 records to stdout */
#include "common.h"
int main(int c, char **v) {
  size_t n;
  u64 *t = syn(v[1], &n);
  if (!t)
    return 1;
  return fwrite(t, 8, n, stdout) != n;
}
