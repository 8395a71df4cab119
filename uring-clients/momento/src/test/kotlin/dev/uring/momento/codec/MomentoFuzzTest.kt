package dev.uring.momento.codec

import dev.uring.fuzz.fuzzes
import io.kotest.core.spec.style.FunSpec

/** [MomentoFuzz] over the inputs that are kept, and under a fuzzer for a while. */
class MomentoFuzzTest :
    FunSpec({
        fuzzes(MomentoFuzz::class.java, MomentoFuzz::fuzzerTestOneInput, kept = 15, runs = 30_000)
    })
