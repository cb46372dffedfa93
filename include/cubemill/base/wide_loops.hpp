// The one macro that compiles a function twice, for any machine and for one with AVX2, of which the
// program takes the right one when it starts. For plain loops over pixels that compilers vectorise;
// not for those that are written for an instruction set (backend/pass_*.cpp).
#pragma once

// What the function calls becomes part of it, for else it would be compiled for any machine only.
// Under sanitizers a choice at the start comes before they are ready.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CUBEMILL_WIDE_LOOPS __attribute__((target_clones("default", "arch=x86-64-v3"), flatten))
#else
#define CUBEMILL_WIDE_LOOPS
#endif
