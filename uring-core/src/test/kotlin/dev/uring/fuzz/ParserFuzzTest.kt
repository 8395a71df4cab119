package dev.uring.fuzz

import io.kotest.core.spec.style.FunSpec

/** [ParserFuzz] over the inputs that are kept, and under a fuzzer for a while. */
class ParserFuzzTest :
    FunSpec({
        fuzzes(ParserFuzz::class.java, ParserFuzz::fuzzerTestOneInput, kept = 40, runs = 60_000)
    })
