package dev.uring.memcache.codec

import dev.uring.fuzz.fuzzes
import io.kotest.core.spec.style.FunSpec

/** [MemcacheFuzz] over the inputs that are kept, and under a fuzzer for a while. */
class MemcacheJazzerFuzzTest :
    FunSpec({
        fuzzes(MemcacheFuzz::class.java, MemcacheFuzz::fuzzerTestOneInput, kept = 20, runs = 30_000)
    })
