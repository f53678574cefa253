// Before a loop: no round reads what another one writes, so that the compiler may do many at once.
#pragma once

#if defined(__clang__)
#define LPAT_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define LPAT_INDEPENDENT _Pragma("GCC ivdep")
#elif defined(_MSC_VER)
#define LPAT_INDEPENDENT __pragma(loop(ivdep))
#else
#define LPAT_INDEPENDENT
#endif
