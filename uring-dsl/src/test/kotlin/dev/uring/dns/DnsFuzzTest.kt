package dev.uring.dns

import dev.uring.fuzz.fuzzes
import io.kotest.core.spec.style.FunSpec

/** [DnsFuzz] over the inputs that are kept, and under a fuzzer for a while. */
class DnsFuzzTest :
    FunSpec({
        fuzzes(DnsFuzz::class.java, DnsFuzz::fuzzerTestOneInput, kept = 20, runs = 30_000)
    })
